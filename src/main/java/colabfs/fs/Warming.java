package colabfs.fs;

import colabfs.cache.KeptContents;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.ContentSink;
import colabfs.remote.RemoteTree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One fetch on purpose of every small file at and below a path, as far as it fits into the caches.
 * What was fetched stays, however it ends.
 *
 * <p>Threading: one thread, which waits for the network; what comes is taken on the executor of the
 * helper's news. Errors: EINTR when it was given up, ENOTCONN when link or helper went, ETIMEDOUT
 * when nothing came for as long as a call may take, ENOSPC when the local disk takes no more.
 */
final class Warming {
  /** As {@link Packs} has it: two fill a link of 50 Mbit/s at any usual round trip. */
  private static final int MAX_REQUESTS = 2;

  private static final int REQUEST_BYTES = 4 << 20;
  private static final int REQUEST_FILES = 4096;

  /** What a file costs beside its bytes, in a request, in memory and in the disk cache's index. */
  private static final int FILE_OVERHEAD_BYTES = 512;

  /** What changed while it was fetched, or was evicted for the rest, is fetched once more. */
  private static final int MAX_ROUNDS = 3;

  /** How often somebody who waits is told, and asked whether he still does. */
  private static final long TICK_MILLIS = 250;

  private final Environment environment;
  private final RemoteTree tree;
  private final Lookups lookups;
  private final OpenNodes nodes;
  private final Executor inOrder;
  private final long maxFileBytes;
  private final WarmReport.Progress progress;

  private final AtomicInteger files = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicInteger leftFiles = new AtomicInteger();
  private final AtomicLong leftBytes = new AtomicLong();
  private final AtomicLong arrivals = new AtomicLong();
  private final Set<RemotePath> unreadable = ConcurrentHashMap.newKeySet();

  private record Wanted(RemotePath path, long bytes) {}

  /** What one look at the tree has found. */
  private static final class Found {
    final List<Wanted> wanted = new ArrayList<>();
    int present;
    int tooLarge;
    int noRoomFiles;
    long noRoomBytes;
    long usedBytes;
  }

  Warming(
      Environment environment,
      RemoteTree tree,
      Lookups lookups,
      OpenNodes nodes,
      Executor inOrder,
      long maxFileBytes,
      WarmReport.Progress progress) {
    this.environment = environment;
    this.tree = tree;
    this.lookups = lookups;
    this.nodes = nodes;
    this.inOrder = inOrder;
    this.maxFileBytes = Math.min(maxFileBytes, WarmReport.MAX_FILE_BYTES);
    this.progress = progress;
  }

  /** Waits for the network, as long as something comes. */
  WarmReport warm(RemotePath top) throws FsException {
    if (top.startsWith(RuntimeTrees.SIDE)) {
      throw new FsException(
          Errno.EINVAL, top + " is outside of the mounted root, where the helper sees nothing");
    }
    boolean onDisk = kept().capacityBytes() > 0;
    Found first = look(top, onDisk);
    Found last = first;
    for (int round = 0; round < MAX_ROUNDS && !last.wanted.isEmpty(); round++) {
      fetch(last.wanted, onDisk);
      last = look(top, onDisk);
    }
    return new WarmReport(
        files.get(),
        bytes.get(),
        first.present,
        last.tooLarge,
        last.wanted.size() + unreadable.size(),
        last.noRoomFiles,
        last.noRoomBytes);
  }

  private KeptContents kept() {
    return environment.local().contents();
  }

  // Looking.

  private Found look(RemotePath top, boolean onDisk) throws FsException {
    Found found = new Found();
    long room = room(onDisk);
    leftFiles.set(0);
    leftBytes.set(0);
    if (top.isRoot() || lookups.attrs(top).isDirectory()) {
      lookBelow(top, room, onDisk, found);
    } else {
      lookAt(top, room, onDisk, found);
    }
    return found;
  }

  /**
   * How much may be there at the end: on the disk of all that is below the path, as the oldest goes
   * there first, and of what is fetched in memory, where nobody knows what goes.
   */
  private long room(boolean onDisk) {
    return onDisk
        ? kept().capacityBytes() / 4 * 3 // the rest is for the index, and what is evicted at once
        : environment.blocks().roomBytes();
  }

  private void lookAt(RemotePath file, long room, boolean onDisk, Found found) throws FsException {
    RemotePath directory = file.parent();
    if (directory == null) {
      return;
    }
    for (DirEntry entry : listing(directory, true)) {
      if (entry.name().equals(file.name())) {
        add(file, entry.attrs(), room, onDisk, found);
      }
    }
  }

  /** Nearest first. */
  private void lookBelow(RemotePath top, long room, boolean onDisk, Found found)
      throws FsException {
    Deque<RemotePath> directories = new ArrayDeque<>(List.of(top));
    while (!directories.isEmpty()) {
      goesOn();
      RemotePath directory = directories.removeFirst();
      for (DirEntry entry : listing(directory, directory.equals(top))) {
        RemotePath path = directory.child(entry.name());
        if (!entry.attrs().isDirectory()) {
          add(path, entry.attrs(), room, onDisk, found);
        } else if (!path.startsWith(RuntimeTrees.SIDE)) {
          directories.addLast(path);
        }
      }
    }
  }

  /**
   * The entries of a directory. The helper's answer for the topmost one brings all below, and
   * contents are taken only for what the helper has told of.
   */
  private List<DirEntry> listing(RemotePath directory, boolean topmost) throws FsException {
    List<DirEntry> known = lookups.knownListing(directory);
    if (known != null && (!topmost || environment.metadata().isWatched(directory))) {
      return known;
    }
    try {
      List<DirEntry> answer = await(lookups.askList(directory));
      List<DirEntry> corrected = lookups.knownListing(directory);
      return corrected == null ? answer : corrected;
    } catch (FsException e) {
      if (topmost || e.isConnectionFailure() || e.errno() == Errno.EINTR) {
        throw e;
      }
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ENOTDIR) { // else it went meanwhile
        unreadable.add(directory);
      }
      return List.of();
    }
  }

  private void add(RemotePath file, FileAttrs attrs, long room, boolean onDisk, Found found)
      throws FsException {
    if (!attrs.isRegular() || unreadable.contains(file)) {
      return;
    }
    long size = attrs.sizeBytes();
    boolean isHere =
        size == 0
            || environment.local().pending().attrs(file) != null
            || nodes.isCached(file, attrs);
    if (isHere) {
      found.present++;
      found.usedBytes += onDisk ? size + FILE_OVERHEAD_BYTES : 0;
    } else if (size > maxFileBytes) {
      found.tooLarge++;
    } else if (found.usedBytes + size + FILE_OVERHEAD_BYTES > room) {
      found.noRoomFiles++;
      found.noRoomBytes += size;
    } else {
      found.usedBytes += size + FILE_OVERHEAD_BYTES;
      found.wanted.add(new Wanted(file, size));
      leftFiles.incrementAndGet();
      leftBytes.addAndGet(size);
    }
  }

  // Fetching.

  private void fetch(List<Wanted> wanted, boolean onDisk) throws FsException {
    Deque<CompletableFuture<Void>> inFlight = new ArrayDeque<>();
    int next = 0;
    while (next < wanted.size()) {
      if (inFlight.size() == MAX_REQUESTS) {
        await(inFlight.removeFirst());
      }
      goesOn();
      if (onDisk && kept().capacityBytes() == 0) {
        throw new FsException(Errno.ENOSPC, "the local disk takes no more; make room there");
      }
      int end = endOfRequest(wanted, next);
      inFlight.addLast(ask(wanted.subList(next, end)));
      next = end;
    }
    for (CompletableFuture<Void> last : inFlight) {
      await(last);
    }
  }

  private static int endOfRequest(List<Wanted> wanted, int from) {
    int end = from;
    long requestBytes = 0;
    while (end < wanted.size() && end - from < REQUEST_FILES && requestBytes < REQUEST_BYTES) {
      requestBytes += wanted.get(end++).bytes();
    }
    return end;
  }

  /** Ends when it is here, and the disk cache does not fall behind. */
  private CompletableFuture<Void> ask(List<Wanted> wanted) {
    Arrival arrival = new Arrival(wanted);
    return tree.contents(wanted.stream().map(Wanted::path).toList(), maxFileBytes, arrival)
        .thenComposeAsync(
            done -> {
              arrival.ended();
              return kept().settled();
            },
            inOrder);
  }

  /** Takes what comes of one request. */
  private final class Arrival implements ContentSink {
    /** What is not answered yet; only touched in order. */
    private final Deque<Wanted> waiting;

    Arrival(List<Wanted> wanted) {
      waiting = new ArrayDeque<>(wanted);
    }

    @Override
    public void content(RemotePath file, FileAttrs attrs, byte[] content) {
      inOrder.execute(
          () -> {
            if (nodes.took(file, attrs, content)) {
              files.incrementAndGet();
              bytes.addAndGet(content.length);
            }
            answered(file);
          });
    }

    @Override
    public void leftOut(RemotePath file, Errno why) {
      inOrder.execute(
          () -> {
            if (why != Errno.ENOENT && why != Errno.EAGAIN && why != Errno.EFBIG) {
              unreadable.add(file); // the others have changed, and are looked at again
            }
            answered(file);
          });
    }

    /** Those before it were not sent, because they have changed here. */
    private void answered(RemotePath file) {
      Wanted first = waiting.pollFirst();
      while (first != null) {
        leftFiles.decrementAndGet();
        leftBytes.addAndGet(-first.bytes());
        first = first.path().equals(file) ? null : waiting.pollFirst();
      }
      arrivals.incrementAndGet();
    }

    private void ended() {
      waiting.forEach(file -> leftBytes.addAndGet(-file.bytes()));
      leftFiles.addAndGet(-waiting.size());
      arrivals.incrementAndGet();
    }
  }

  // Waiting.

  private void goesOn() throws FsException {
    if (progress.isGivenUp()) {
      throw new FsException(Errno.EINTR, "interrupted");
    }
    if (environment.link().isDown()) {
      throw new FsException(Errno.ENOTCONN, "the connection to the runtime is down");
    }
    if (!tree.isUp()) {
      throw new FsException(Errno.ENOTCONN, "there is no helper on the runtime");
    }
  }

  /** Waits as long as something comes. */
  private <T extends @Nullable Object> T await(CompletableFuture<T> answer) throws FsException {
    long deadline = environment.patience().deadline();
    long seen = arrivals.get();
    while (true) {
      try {
        return answer.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        goesOn();
        progress.left(leftFiles.get(), leftBytes.get());
        if (arrivals.get() != seen) {
          seen = arrivals.get();
          deadline = environment.patience().deadline();
        } else if (System.nanoTime() - deadline >= 0) {
          throw new FsException(Errno.ETIMEDOUT, "the runtime did not answer in time", e);
        }
      } catch (ExecutionException e) {
        throw Patience.reason(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FsException(Errno.EINTR, "interrupted while waiting for the runtime", e);
      }
    }
  }
}
