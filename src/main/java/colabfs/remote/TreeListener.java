package colabfs.remote;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import org.jspecify.annotations.Nullable;

/** Is told what happens on the runtime. */
public interface TreeListener {

  /** There is a helper. It watches nothing yet. */
  void up();

  /** The helper is gone, and so is every watch. */
  void down();

  /**
   * A name in a watched directory is this now, whoever changed it: this side's own changes are told
   * too.
   *
   * @param attrs in full; null when the name is gone
   */
  void changed(RemotePath path, @Nullable FileAttrs attrs);

  /** A name may be something else now: only asking tells. No helper says so of itself. */
  default void doubted(RemotePath path) {}

  /** Anything at or below may have changed, and is no longer watched. */
  void lost(RemotePath directory);
}
