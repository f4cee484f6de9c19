package colabfs.control;

import colabfs.core.RemotePath;
import java.util.List;

/** What the command line asks a running mount for. */
sealed interface Request {

  /** How the mount is. */
  record Status() implements Request {}

  /** Wait for what is unsent, unmount, end. */
  record Unmount(boolean force) implements Request {}

  /** Run a command in a directory of the mount. */
  record Exec(List<String> words, RemotePath directory) implements Request {}
}
