package colabfs.control;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads an {@code exec} as the {@code colabfs} command does, for a client that is none.
 *
 * <p>Threading: any thread; nobody is asked over the network.
 */
public interface ExecPlanner {

  /**
   * A command for a mount.
   *
   * @param mountpoint of the mount that is to run it
   */
  record Plan(Path mountpoint, Command command) {}

  /**
   * What it means; null when it is anything but a command for a running mount, or a mistake: the
   * {@code colabfs} command knows what to do then.
   */
  @Nullable Plan plan(TypedLine line);

  /** Does beforehand what would make the first of them slow. */
  default void prepare() {}
}
