package colabfs.cache.disk;

import colabfs.cache.KeptContents;
import colabfs.cache.disk.Segments.Place;
import colabfs.cache.disk.Store.Content;
import colabfs.core.RemotePath;
import java.io.IOException;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * Contents on a {@link Shelf}. A path leads to one version, and that to blocks under a number drawn
 * by lot, so that what was written for an earlier version is never found again.
 *
 * <p>Threading: any thread. A block that is kept while its path is forgotten is not kept.
 */
final class DiskContents implements KeptContents {
  /**
   * A file whose last change is not this old may be changed again in the same second. More than one
   * second, as clocks differ.
   */
  private static final long YOUNG_SECONDS = 3;

  /** No content is of it: all of it is doubtful. */
  static final int NO_EPOCH = -1;

  /** How many paths share a count of changes: sharing one costs a block that is not kept. */
  private static final int STRIPES = 1024;

  private final Shelf shelf;
  private final InstantSource clock;
  private final SplittableRandom numbers = new SplittableRandom();
  private final AtomicIntegerArray changes = new AtomicIntegerArray(STRIPES);
  private final AtomicInteger treeChanges = new AtomicInteger();
  private volatile int epoch = NO_EPOCH;

  DiskContents(Shelf shelf, InstantSource clock) {
    this.shelf = shelf;
    this.clock = clock;
  }

  /** From now on contents are of the runtime of that number. */
  void enter(int newEpoch) {
    epoch = newEpoch;
  }

  @Override
  public KeptFile file(RemotePath path, long sizeBytes, long mtimeSeconds) {
    return new File(path, sizeBytes, mtimeSeconds);
  }

  @Override
  public void forget(RemotePath path) {
    forget(path, false);
  }

  @Override
  public void forgetTree(RemotePath top) {
    forget(top, true);
  }

  private void forget(RemotePath top, boolean tree) {
    shelf.change(
        store -> {
          changed(top, tree);
          if (store.removeContents(top, tree)) {
            store.commit();
          }
        });
  }

  private void changed(RemotePath path, boolean tree) {
    changes.incrementAndGet(stripe(path));
    if (tree) {
      treeChanges.incrementAndGet();
    }
  }

  private static int stripe(RemotePath path) {
    return Math.floorMod(path.hashCode(), STRIPES);
  }

  @Override
  public void retimed(RemotePath path, long sizeBytes, long oldMtimeSeconds, long newMtimeSeconds) {
    shelf.change(
        store -> {
          Content content = store.content(path);
          if (content != null && content.isOf(sizeBytes, oldMtimeSeconds)) {
            changed(path, false);
            store.putContent(path, content.withMtime(newMtimeSeconds));
          }
        });
  }

  @Override
  public void renamed(RemotePath from, RemotePath to, boolean tree) {
    shelf.change(
        store -> {
          changed(from, tree); // a tree's makes all that is on its way void, a file's must not
          changed(to, tree);
          store.moveContents(from, to); // what was at the new name was forgotten before
        });
  }

  @Override
  public long capacityBytes() {
    return shelf.capacityBytes();
  }

  @Override
  public CompletableFuture<Void> settled() {
    return shelf.settled();
  }

  private boolean isYoung(long mtimeSeconds) {
    return clock.instant().getEpochSecond() - mtimeSeconds < YOUNG_SECONDS;
  }

  /** One version of one path, void when either is something else. */
  private final class File implements KeptFile {
    private final RemotePath path;
    private final long sizeBytes;
    private final long mtimeSeconds;
    private final int change;
    private final int treeChange;

    File(RemotePath path, long sizeBytes, long mtimeSeconds) {
      this.path = path;
      this.sizeBytes = sizeBytes;
      this.mtimeSeconds = mtimeSeconds;
      this.change = changes.get(stripe(path));
      this.treeChange = treeChanges.get();
    }

    @Override
    public boolean isVoid() {
      return changes.get(stripe(path)) != change || treeChanges.get() != treeChange;
    }

    private boolean isDoubtful(Content content) {
      return content.young() || content.epoch() != epoch;
    }

    private @Nullable Content content(Store store, boolean evenDoubtful) {
      Content content = isVoid() ? null : store.content(path);
      boolean usable =
          content != null
              && content.isOf(sizeBytes, mtimeSeconds)
              && (evenDoubtful || !isDoubtful(content));
      return usable ? content : null;
    }

    private @Nullable Place place(Store store, Content content, long block, int lengthBytes) {
      Place place = store.place(content.id(), block);
      return place == null || place.lengthBytes() != lengthBytes ? null : place;
    }

    @Override
    public byte @Nullable [] block(long block, int lengthBytes, boolean evenDoubtful) {
      return shelf.find(
          store -> {
            Content content = content(store, evenDoubtful);
            Place place = content == null ? null : place(store, content, block, lengthBytes);
            if (content == null || place == null) {
              return null;
            }
            byte[] bytes = store.read(content.id(), block, place);
            if (bytes != null && store.isOld(place)) {
              shelf.later(lengthBytes, again -> keepOn(again, content.id(), block, place, bytes));
            }
            return isVoid() ? null : bytes;
          });
    }

    /** What is read goes to the end of the queue of what is to be evicted. */
    private void keepOn(Store store, long content, long block, Place place, byte[] bytes)
        throws IOException {
      if (place.equals(store.place(content, block))) {
        store.write(content, block, bytes);
      }
    }

    @Override
    public boolean holds(long block, int lengthBytes, boolean evenDoubtful) {
      return shelf.use(
          false,
          store -> {
            Content content = content(store, evenDoubtful);
            return content != null && place(store, content, block, lengthBytes) != null;
          });
    }

    @Override
    public boolean isDoubtful() {
      return shelf.use(
          false,
          store -> {
            Content content = content(store, true);
            return content != null && isDoubtful(content);
          });
    }

    @Override
    public void keep(long block, byte[] bytes) {
      boolean young = isYoung(mtimeSeconds);
      int readIn = epoch;
      shelf.later(bytes.length, store -> write(store, block, bytes, young, readIn));
    }

    private void write(Store store, long block, byte[] bytes, boolean young, int readIn)
        throws IOException {
      Content content;
      shelf.lock.lock();
      try {
        if (isVoid()) {
          return;
        }
        content = store.content(path);
        boolean fits =
            content != null
                && content.isOf(sizeBytes, mtimeSeconds)
                && content.epoch() == readIn
                && (young || !content.young());
        if (content == null || !fits) {
          content = new Content(numbers.nextLong(), sizeBytes, mtimeSeconds, young, readIn);
          store.putContent(path, content);
        }
      } finally {
        shelf.lock.unlock();
      }
      store.write(content.id(), block, bytes);
    }
  }
}
