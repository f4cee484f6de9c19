package colabfs.writeback;

import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * What was accepted from programs and has not arrived on the runtime: a look at it, and what a
 * person can do about it. Threading: any thread.
 */
public interface PendingChanges {

  /** How much is pending, at once. */
  PendingFigures figures();

  /** Every pending change in the order in which programs made them. */
  List<PendingChange> list();

  /**
   * Waits until everything at or below the path that was accepted before this call has arrived, and
   * hurries it. Waits as long as something moves.
   *
   * @param stalled the longest wait without any progress; then ETIMEDOUT
   * @param progress told now and then what is left
   * @throws FsException the runtime refused a change (its error, naming the path and the next
   *     step), or ETIMEDOUT or ENOTCONN when nothing moves; nothing is lost by that
   */
  void flush(RemotePath below, Duration stalled, Consumer<PendingFigures> progress)
      throws FsException;

  /** Tries again, now, everything that the runtime refused. */
  void retry();

  /**
   * Copies what is pending at or below the path to a local directory: files as far as their content
   * is here, directories, links. The journal keeps it.
   *
   * @return the files that were written
   * @throws IOException the copy is not complete; what was written stays
   */
  List<Path> export(RemotePath below, Path directory) throws IOException;

  /**
   * Gives up every pending change at or below the path, and what depends on it; the mount shows the
   * runtime's state again.
   *
   * @return what was given up
   */
  List<PendingChange> discard(RemotePath below) throws FsException;

  /** Conflicts that nobody has dismissed, oldest first. */
  List<Conflict> conflicts();

  /** Forgets conflicts at or below the path; the files stay. */
  int dismiss(RemotePath below);
}
