package colabfs.doctor;

import colabfs.control.MountStatus;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** How the runtime is asked, once "root" was found to be well. */
interface Way {
  Line line() throws IOException;

  /** The mount whose connection is used, or null. */
  @Nullable MountStatus mounted();
}
