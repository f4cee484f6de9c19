package colabfs.app;

import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingChanges;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Pending changes that stay as a test says. */
final class FakePendingChanges implements PendingChanges {
  volatile List<PendingChange> changes = List.of();
  volatile List<Conflict> conflicts = List.of();

  /** What a flush ends with; null when it succeeds. */
  volatile @Nullable FsException failure;

  /** A flush goes on until its follower stops it. */
  volatile boolean endless;

  volatile @Nullable RemotePath flushed;
  volatile @Nullable Duration stalled;
  int retries;
  final CountDownLatch stopped = new CountDownLatch(1);

  @Override
  public PendingFigures figures() {
    int refused = 0;
    long bytes = 0;
    for (PendingChange change : changes) {
      refused += change.state() == PendingChange.State.REFUSED ? 1 : 0;
      refused += change.state() == PendingChange.State.BLOCKED ? 1 : 0;
      bytes += change.bytes();
    }
    return new PendingFigures(changes.size(), bytes, refused, conflicts.size());
  }

  @Override
  public List<PendingChange> list() {
    return changes;
  }

  @Override
  public void flush(RemotePath below, Duration bound, Consumer<PendingFigures> progress)
      throws FsException {
    flushed = below;
    stalled = bound;
    try {
      while (endless) {
        progress.accept(figures());
        Thread.onSpinWait();
      }
    } finally {
      stopped.countDown();
    }
    FsException thrown = failure;
    if (thrown != null) {
      throw thrown;
    }
  }

  boolean wasStopped() throws InterruptedException {
    return stopped.await(20, TimeUnit.SECONDS);
  }

  @Override
  public void retry() {
    retries++;
  }

  @Override
  public List<Path> export(RemotePath below, Path directory) throws IOException {
    return List.of(Files.writeString(directory.resolve("f"), "content"));
  }

  @Override
  public List<PendingChange> discard(RemotePath below) {
    List<PendingChange> given =
        changes.stream().filter(change -> change.path().startsWith(below)).toList();
    changes = changes.stream().filter(change -> !change.path().startsWith(below)).toList();
    return given;
  }

  @Override
  public List<Conflict> conflicts() {
    return conflicts;
  }

  @Override
  public int dismiss(RemotePath below) {
    int before = conflicts.size();
    conflicts = conflicts.stream().filter(conflict -> !conflict.path().startsWith(below)).toList();
    return before - conflicts.size();
  }
}
