package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.writeback.PendingChange.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One change on its way to the runtime. Its paths are those that the runtime has when all jobs
 * before it are done. Threading: guarded by the lock of the {@link Journal} that it belongs to.
 */
final class Job {

  /** What the runtime should have where the job changes something. */
  sealed interface Base {

    /** No such name. */
    record Nothing() implements Base {}

    /** What was seen of it when a program here changed it. */
    record Seen(FileAttrs attrs) implements Base {}

    /** What earlier jobs leave of a file. */
    record Left(PendingFile file) implements Base {}

    /** Something that was made here, whatever it looks like there. */
    record Ours() implements Base {}
  }

  enum State {
    WAITING,
    /** Being carried out; nothing on the runtime shows it yet. */
    STARTED,
    /** The runtime has been told, or is about to be. */
    COMMITTING,
    REFUSED,
    GONE
  }

  final long number;
  final Kind kind;
  final long sinceNanos;
  RemotePath path;
  @Nullable RemotePath target;

  /** Of the path. */
  Base base;

  /** Of a rename's target. */
  Base targetBase = new Base.Nothing();

  /** Whose content or attributes it carries. */
  @Nullable PendingFile file;

  /** The content that a WRITE carries. */
  @Nullable Layer layer;

  /** The attributes that it sets, besides those that come with the content. */
  @Nullable AttrChange change;

  /**
   * What a MKDIR or SYMLINK makes, and what a WRITE or SETATTR leaves: not what later jobs make of
   * the file.
   */
  @Nullable FileAttrs attrs;

  /** A symbolic link's text. */
  @Nullable String text;

  /** Where it arrived instead, as somebody else's version was in its place. */
  @Nullable RemotePath landed;

  /** Its place in the order; a job that goes on growing moves to the end. */
  long order;

  State state = State.WAITING;

  /** It was refused, or waits for one that was. */
  boolean held;

  /** Nothing may join it any more. */
  boolean sealed;

  /** Carried out once before, perhaps, by a program that was killed or a link that was cut. */
  boolean maybeDone;

  /** A helper has it and has not answered: what may follow it can be handed over, too. */
  boolean handed;

  /** It is, or was, brought to the runtime by a helper. */
  boolean byHelper;

  long changedNanos;

  /** Counts what joined it, so that who carries it out sees that there is more. */
  int changes;

  @Nullable Errno error;
  @Nullable String reason;

  /** Ends when it is over or refused; null while nobody waits. */
  @Nullable CompletableFuture<Void> end;

  final Set<Job> waitsFor = new HashSet<>();
  final Set<Job> waiters = new HashSet<>();

  /** Those of {@link #waitsFor} that a helper has, where this one can follow. */
  final Set<Job> follows = new HashSet<>();

  Job(long number, Kind kind, RemotePath path, Base base, long atNanos) {
    this.number = number;
    this.kind = kind;
    this.path = path;
    this.base = base;
    this.sinceNanos = atNanos;
    this.changedNanos = atNanos;
  }

  /** Whether more may join it: nothing on the runtime shows it, and nothing counts on it. */
  boolean isOpen() {
    return !sealed
        && !maybeDone
        && waiters.isEmpty()
        && (state == State.WAITING || state == State.STARTED);
  }

  /** Whether a helper has, or is done with, all that it waits for. */
  boolean mayFollow() {
    return follows.size() == waitsFor.size();
  }

  boolean isOver() {
    return state == State.GONE;
  }

  /** Ends, on another thread, when it is over or refused. */
  CompletableFuture<Void> end() {
    CompletableFuture<Void> waiting = end;
    if (waiting == null) {
      waiting = new CompletableFuture<>();
      end = waiting;
      if (isOver() || held) {
        endWaiting();
      }
    }
    return waiting;
  }

  /** It is over or refused. */
  void endWaiting() {
    CompletableFuture<Void> waiting = end;
    if (waiting != null) {
      var unused = waiting.completeAsync(() -> null);
    }
  }

  /** Whether it shows new content under a name: such jobs keep their order. */
  boolean shows() {
    return kind == Kind.WRITE || kind == Kind.RENAME;
  }

  List<RemotePath> paths() {
    List<RemotePath> paths = new ArrayList<>(2);
    paths.add(path);
    if (target != null) {
      paths.add(target);
    }
    return paths;
  }

  /** The name that shows it when it is done. */
  RemotePath destination() {
    RemotePath copy = landed;
    RemotePath to = target;
    return copy != null ? copy : to != null ? to : path;
  }

  boolean touches(RemotePath below) {
    return path.startsWith(below) || (target != null && target.startsWith(below));
  }

  long bytes() {
    return layer == null ? 0 : layer.bytes();
  }

  /** What the base is by now: null for nothing. {@link Base.Ours} is not to be asked. */
  static @Nullable FileAttrs expected(Base base) {
    if (base instanceof Base.Seen seen) {
      return seen.attrs();
    }
    return base instanceof Base.Left left ? left.file().remote : null;
  }
}
