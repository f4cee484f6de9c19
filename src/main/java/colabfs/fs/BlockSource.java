package colabfs.fs;

import static colabfs.cache.BlockCache.BLOCK_BYTES;

import colabfs.cache.BlockCache;
import colabfs.cache.KeptContents.KeptFile;
import colabfs.core.FsException;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of one open file: from memory, else from the local disk, else fetched, each once at a
 * time. Own writes go into cached blocks at once; a fetch that is on its way while its block is
 * written is given to whoever waits for it and never kept, and no fetch of written bytes starts
 * before the runtime has acknowledged them.
 *
 * <p>Threading: any thread. Its monitor guards the fetches on their way and nothing is waited for
 * under it, so that answers may take it on the connection's thread.
 */
final class BlockSource {
  /** Of a file that was written here, so much is kept on the local disk at most. */
  private static final long MAX_OWN_BYTES = 16 << 20;

  private final Mount mount;
  private final BlockCache cache;
  private final RemoteReader reader;

  @GuardedBy("this")
  private final Map<Long, Fetch> fetches = new HashMap<>();

  /** Written or cut, and perhaps not acknowledged. */
  @GuardedBy("this")
  private final Ranges unsettled = new Ranges();

  /** Blocks of which a piece was read. */
  @GuardedBy("this")
  private final Set<Long> touched = new HashSet<>();

  @GuardedBy("this")
  private long contentId;

  /** The content as it is on the local disk; null while it is no version of its own. */
  private volatile @Nullable KeptFile kept;

  @GuardedBy("this")
  private long lastFetchNanos;

  @GuardedBy("this")
  private long quickestFetchNanos = Long.MAX_VALUE;

  /**
   * What all files of a mount share.
   *
   * @param nextContentId numbers for contents, each given once
   * @param fetching counts the blocks that are being fetched
   */
  record Mount(
      BlockCache cache,
      LongSupplier nextContentId,
      LongSupplier nanoTime,
      AtomicInteger fetching,
      BooleanSupplier isLinkDown,
      DiskShare diskShare) {}

  /** One block on its way. */
  private static final class Fetch {
    final int lengthBytes;
    final CompletableFuture<byte[]> answer = new CompletableFuture<>();

    /** Nobody has asked for it yet; guarded by the source's monitor. */
    boolean ahead;

    Fetch(int lengthBytes, boolean ahead) {
      this.lengthBytes = lengthBytes;
      this.ahead = ahead;
    }
  }

  BlockSource(Mount mount, RemoteReader reader, long contentId, KeptFile kept) {
    this.mount = mount;
    this.cache = mount.cache();
    this.reader = reader;
    this.contentId = contentId;
    this.kept = kept;
  }

  synchronized long contentId() {
    return contentId;
  }

  @Nullable KeptFile kept() {
    return kept;
  }

  /** The content is that version, as it was found on the runtime. */
  void keepAs(KeptFile version) {
    kept = version;
  }

  /** The content is that version, as it was written here: what of it is in memory is kept. */
  void keepOwn(KeptFile version, long sizeBytes) {
    kept = version;
    keep(cache, contentId(), sizeBytes, version);
  }

  /** Keeps beyond this process what is in memory of a content, and not there yet. */
  static void keep(BlockCache cache, long contentId, long sizeBytes, KeptFile version) {
    long end = Math.min(sizeBytes, MAX_OWN_BYTES);
    for (long block = 0; block * BLOCK_BYTES < end; block++) {
      byte[] content = cache.get(contentId, block);
      if (content != null
          && content.length == lengthOf(block, sizeBytes)
          && !version.holds(block, content.length, true)) {
        version.keep(block, content);
      }
    }
  }

  /**
   * The content is about to be no version of its own. While the link is down, what is on the disk
   * of it, and would be asked for after the change, is taken into memory.
   */
  void changing(long sizeBytes) {
    KeptFile from = kept;
    if (from != null && mount.isLinkDown().getAsBoolean() && sizeBytes <= MAX_OWN_BYTES) {
      for (long block = 0; block * BLOCK_BYTES < sizeBytes; block++) {
        int length = lengthOf(block, sizeBytes);
        byte[] content = cached(block, length) == null ? from.block(block, length, true) : null;
        if (content != null) {
          put(block, content);
        }
      }
    }
    kept = null;
  }

  private synchronized void put(long block, byte[] content) {
    cache.put(contentId, block, content);
  }

  /** The block's first bytes, at least so many, when they are here. */
  synchronized byte @Nullable [] cached(long block, int lengthBytes) {
    byte[] content = cache.get(contentId, block);
    return content != null && content.length >= lengthBytes ? content : null;
  }

  /** Whether the block need not be fetched: it is in memory, or on the local disk. */
  boolean isHere(long block, int lengthBytes) {
    if (cached(block, lengthBytes) != null) {
      return true;
    }
    KeptFile from = kept;
    return from != null && from.holds(block, lengthBytes, mount.isLinkDown().getAsBoolean());
  }

  /**
   * The block's first bytes: here, on their way already, or asked for now. Null when some of them
   * were written and are perhaps not acknowledged: the caller settles that first.
   */
  @Nullable CompletableFuture<byte[]> block(long block, int lengthBytes) {
    Fetch fetch;
    synchronized (this) {
      byte[] content = cached(block, lengthBytes);
      if (content != null) {
        return CompletableFuture.completedFuture(content);
      }
      Fetch onItsWay = fetches.get(block);
      if (onItsWay != null && onItsWay.lengthBytes >= lengthBytes) {
        onItsWay.ahead = false;
        return onItsWay.answer;
      }
      fetch = beginFetch(block, lengthBytes, false);
    }
    if (fetch == null) {
      return null;
    }
    fetch(block, fetch);
    return fetch.answer;
  }

  /** Fetches the block, of which nobody needs anything yet, if that is possible now. */
  void ahead(long block, int lengthBytes) {
    Fetch fetch;
    synchronized (this) {
      if (fetches.containsKey(block) || cache.has(contentId, block)) {
        return;
      }
      fetch = beginFetch(block, lengthBytes, true);
    }
    if (fetch != null) {
      fetch(block, fetch);
    }
  }

  @GuardedBy("this")
  private @Nullable Fetch beginFetch(long block, int lengthBytes, boolean ahead) {
    if (isUnsettled(block * BLOCK_BYTES, lengthBytes)) {
      return null;
    }
    Fetch fetch = new Fetch(lengthBytes, ahead);
    fetches.put(block, fetch);
    return fetch;
  }

  private void fetch(long block, Fetch fetch) {
    byte[] onDisk = onDisk(block, fetch.lengthBytes);
    if (onDisk != null) {
      took(block, fetch, onDisk);
      return;
    }
    mount.fetching().incrementAndGet();
    long startNanos = mount.nanoTime().getAsLong();
    var unused =
        reader
            .read(block * BLOCK_BYTES, fetch.lengthBytes)
            .whenComplete((bytes, failure) -> arrived(block, fetch, bytes, failure, startNanos));
  }

  private byte @Nullable [] onDisk(long block, int lengthBytes) {
    KeptFile from = kept;
    return from == null ? null : from.block(block, lengthBytes, mount.isLinkDown().getAsBoolean());
  }

  private void took(long block, Fetch fetch, byte[] content) {
    synchronized (this) {
      if (fetches.remove(block, fetch)) {
        put(block, fetch, content);
      }
    }
    fetch.answer.complete(content);
  }

  @GuardedBy("this")
  private void put(long block, Fetch fetch, byte[] content) {
    if (fetch.ahead) {
      cache.putAhead(contentId, block, content);
    } else {
      cache.put(contentId, block, content);
    }
  }

  /** Just these bytes, not kept; null as for {@link #block}. */
  @Nullable CompletableFuture<ByteBuffer> piece(long offset, int lengthBytes) {
    synchronized (this) {
      if (isUnsettled(offset, lengthBytes)) {
        return null;
      }
    }
    return reader.read(offset, lengthBytes);
  }

  /** Whether a piece of the block was read before; from now on it was. */
  synchronized boolean touch(long block) {
    return !touched.add(block);
  }

  synchronized boolean isUnsettled(long offset, long lengthBytes) {
    return unsettled.overlaps(offset, offset + lengthBytes);
  }

  /** Everything written so far is acknowledged. */
  synchronized void settled() {
    unsettled.clear();
  }

  /**
   * Own write, told before it is sent.
   *
   * @param oldSizeBytes the file's length before it
   */
  synchronized void wrote(long offset, ByteBuffer content, long oldSizeBytes) {
    long end = offset + content.remaining();
    if (offset > oldSizeBytes) {
      resized(oldSizeBytes, offset);
    }
    unsettled.add(offset, end);
    long size = Math.max(end, oldSizeBytes);
    for (long block = offset / BLOCK_BYTES; block * BLOCK_BYTES < end; block++) {
      fetches.remove(block);
      long start = block * BLOCK_BYTES;
      // A block at or past the old end holds nothing but zeroes, whatever is here of it.
      byte[] old = start >= oldSizeBytes ? new byte[0] : cache.get(contentId, block);
      int oldLength = start >= oldSizeBytes ? 0 : lengthOf(block, oldSizeBytes);
      boolean whole = offset <= start && end >= start + oldLength;
      if (!whole && (old == null || old.length < oldLength)) {
        continue; // a later read fetches it, after this write is acknowledged
      }
      byte[] patched = new byte[lengthOf(block, size)];
      if (old != null) {
        System.arraycopy(old, 0, patched, 0, Math.min(old.length, patched.length));
      }
      int from = (int) Math.max(offset - start, 0);
      int to = (int) Math.min(end - start, patched.length);
      content
          .duplicate()
          .position(content.position() + (int) (start + from - offset))
          .get(patched, from, to - from);
      cache.put(contentId, block, patched);
    }
  }

  /** Own change of length, told before it is sent. */
  synchronized void resized(long oldSizeBytes, long newSizeBytes) {
    long shorter = Math.min(oldSizeBytes, newSizeBytes);
    long firstBlock = shorter / BLOCK_BYTES;
    int kept = (int) (shorter % BLOCK_BYTES);
    byte[] edge = cache.get(contentId, firstBlock);
    fetches.keySet().removeIf(block -> block >= firstBlock);
    cache.dropFrom(contentId, firstBlock);
    if (kept > 0 && edge != null && edge.length >= kept) {
      cache.put(
          contentId,
          firstBlock,
          Arrays.copyOf(
              Arrays.copyOf(edge, kept), Math.max(kept, lengthOf(firstBlock, newSizeBytes))));
    }
    unsettled.add(shorter, Math.max(oldSizeBytes, newSizeBytes));
  }

  /** What is here is not believed any more: another content begins. */
  synchronized void forget() {
    cache.drop(contentId);
    kept = null;
    fetches.clear();
    contentId = mount.nextContentId().getAsLong();
  }

  /** Whether fetches take long only because of those before them, so that more would not help. */
  synchronized boolean isSaturated(long patientNanos) {
    return quickestFetchNanos != Long.MAX_VALUE
        && lastFetchNanos > Math.max(4 * quickestFetchNanos, patientNanos);
  }

  /** Bytes of that block in a file of that size. */
  static int lengthOf(long block, long sizeBytes) {
    return (int) Math.max(0, Math.min(BLOCK_BYTES, sizeBytes - block * BLOCK_BYTES));
  }

  private void arrived(
      long block,
      Fetch fetch,
      @Nullable ByteBuffer bytes,
      @Nullable Throwable failure,
      long startNanos) {
    mount.fetching().decrementAndGet();
    if (bytes == null) {
      synchronized (this) {
        fetches.remove(block, fetch);
      }
      FsException reason = Patience.reason(failure == null ? new IllegalStateException() : failure);
      fetch.answer.completeExceptionally(reason);
      return;
    }
    byte[] content = new byte[bytes.remaining()];
    bytes.get(content);
    synchronized (this) {
      lastFetchNanos = mount.nanoTime().getAsLong() - startNanos;
      quickestFetchNanos = Math.min(quickestFetchNanos, lastFetchNanos);
      if (fetches.remove(block, fetch) && content.length == fetch.lengthBytes) {
        put(block, fetch, content);
        KeptFile version = kept;
        if (version != null && mount.diskShare().takes(content.length)) {
          version.keep(block, content);
        }
      }
    }
    fetch.answer.complete(content);
  }
}
