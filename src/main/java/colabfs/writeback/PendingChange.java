package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.RemotePath;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One change that has not arrived on the runtime.
 *
 * @param number its place in the order, and its name for a person
 * @param kind what is to be done
 * @param path to what
 * @param target of a rename or a link the new name, else null
 * @param bytes content that is to be sent
 * @param state how far it is
 * @param error why the runtime refused it, or null
 * @param reason the same for a person, with the next step, or null
 * @param since when a program made it
 */
public record PendingChange(
    long number,
    Kind kind,
    RemotePath path,
    @Nullable RemotePath target,
    long bytes,
    State state,
    @Nullable Errno error,
    @Nullable String reason,
    Instant since) {

  /** What is to be done on the runtime. */
  public enum Kind {
    WRITE,
    MKDIR,
    RMDIR,
    UNLINK,
    RENAME,
    SYMLINK,
    LINK,
    SETATTR
  }

  /** How far it is. */
  public enum State {
    /** Its turn comes. */
    WAITING,
    /** On its way. */
    SENDING,
    /** The runtime refused it: it stays until it is tried again or given up. */
    REFUSED,
    /** It depends on one that was refused. */
    BLOCKED
  }
}
