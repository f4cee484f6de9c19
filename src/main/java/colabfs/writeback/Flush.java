package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Waits for what is pending to arrive. Threading: any thread. */
final class Flush {
  private static final Duration PROGRESS = Duration.ofMillis(250);

  private final Journal journal;
  private final Uploader uploader;

  Flush(Journal journal, Uploader uploader) {
    this.journal = journal;
    this.uploader = uploader;
  }

  /** See {@link PendingChanges#flush}. */
  void until(RemotePath below, Duration stalled, Consumer<PendingFigures> progress)
      throws FsException {
    Set<Job> awaited;
    journal.lock.lock();
    try {
      awaited = awaitedLocked(below);
      if (!awaited.isEmpty()) {
        journal.noteLocked(new Event.Sealed(Event.Sealed.ALL));
      }
    } finally {
      journal.lock.unlock();
    }
    uploader.kick();
    long begun = System.nanoTime();
    while (!awaited.isEmpty()) {
      PendingFigures left = null;
      journal.lock.lock();
      try {
        awaited.removeIf(Job::isOver);
        for (Job job : awaited) {
          if (job.held) {
            throw refusal(job);
          }
        }
        if (!awaited.isEmpty()) {
          left = WriteBack.figures(journal.stateLocked());
          var unused = journal.awaitStepLocked(PROGRESS.toNanos());
        }
      } finally {
        journal.lock.unlock();
      }
      if (left != null) {
        progress.accept(left);
        checkMoving(begun, stalled, left);
      }
    }
  }

  /** What is at or below the path, and what has to arrive before it. */
  private Set<Job> awaitedLocked(RemotePath below) {
    List<Job> todo = new ArrayList<>();
    for (Job job : journal.stateLocked().jobs().all()) {
      boolean concerned =
          job.touches(below) || below.startsWith(job.path) || isAbove(job.target, below);
      if (concerned) {
        todo.add(job);
      }
    }
    Set<Job> all = new LinkedHashSet<>();
    while (!todo.isEmpty()) {
      Job job = todo.remove(todo.size() - 1);
      if (all.add(job)) {
        todo.addAll(job.waitsFor);
      }
    }
    return all;
  }

  private static boolean isAbove(@Nullable RemotePath target, RemotePath below) {
    return target != null && below.startsWith(target);
  }

  private static FsException refusal(Job job) {
    Job cause = job;
    while (cause.state != Job.State.REFUSED) {
      Job next = null;
      for (Job earlier : cause.waitsFor) {
        next = earlier.held ? earlier : next;
      }
      if (next == null) {
        break;
      }
      cause = next;
    }
    Errno errno = cause.error == null ? Errno.EIO : cause.error;
    return new FsException(
        errno, cause.path + " is not on the runtime: " + String.valueOf(cause.reason));
  }

  private void checkMoving(long begunNanos, Duration stalled, PendingFigures left)
      throws FsException {
    long moved = uploader.movedNanos();
    long since = moved - begunNanos > 0 ? moved : begunNanos;
    if (System.nanoTime() - since > stalled.toNanos()) {
      throw new FsException(
          Errno.ETIMEDOUT,
          "nothing has arrived on the runtime for %d s; %d changes (%d bytes) are kept in %s and are sent as soon as it answers"
              .formatted(stalled.toSeconds(), left.changes(), left.bytes(), journal.directory()));
    }
  }
}
