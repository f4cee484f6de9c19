package colabfs.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of file content, keyed by a number that the caller gives to one version of one file;
 * bounded by bytes, least useful first out.
 *
 * <p>What was fetched ahead and nobody has read yet looks least useful of all, though it is what is
 * read next. So it is not up for eviction, up to a quarter of the cache; beyond that the oldest of
 * it is as any other block.
 *
 * <p>An index of blocks per content makes {@link #drop} cost what that content holds, not what the
 * cache holds.
 *
 * <p>Threading: any thread; {@code get} takes no lock, except for a block that was fetched ahead. A
 * put that races with a drop of the same content ends before or after it, never half.
 */
public final class BlockCache {
  /** Bytes of a block; a file's last block is shorter. */
  public static final int BLOCK_BYTES = 128 * 1024;

  /** What a block costs beside its bytes: key, map nodes, index entry (about, 64-bit JVM). */
  static final int OVERHEAD_BYTES = 192;

  private record Key(long contentId, long block) {}

  /** A part of the cache for what was fetched ahead and not read. */
  private static final int AHEAD_PART = 4;

  private static final class Block {
    final byte[] content;

    /** Fetched ahead, and not read so far. */
    final boolean ahead;

    Block(byte[] content, boolean ahead) {
      this.content = content;
      this.ahead = ahead;
    }

    int bytes() {
      return content.length + OVERHEAD_BYTES;
    }
  }

  private final Cache<Key, Block> blocks;
  private final long maxAheadBytes;

  /**
   * Whose blocks were fetched ahead and not read so far, oldest first. Changed only inside the
   * atomic operation of {@link #blocks} on that key, so that both agree; nothing is taken under it.
   */
  @GuardedBy("ahead")
  private final Set<Key> ahead = new LinkedHashSet<>();

  @GuardedBy("ahead")
  private long aheadBytes;

  /**
   * The blocks that {@link #blocks} holds, by content. A set is touched only inside this map's
   * atomic operations; those for a put or an eviction run inside the atomic operation of {@link
   * #blocks} on that key, so that both maps agree.
   */
  private final ConcurrentMap<Long, Set<Long>> blocksOfContent = new ConcurrentHashMap<>();

  /**
   * A cache of at most so many bytes, bookkeeping counted.
   *
   * @param maxBytes 0 keeps nothing
   */
  public BlockCache(long maxBytes) {
    maxAheadBytes = maxBytes / AHEAD_PART;
    blocks =
        Caffeine.newBuilder()
            .maximumWeight(maxBytes - maxAheadBytes)
            .weigher((Key key, Block block) -> block.ahead ? 0 : block.bytes())
            .evictionListener(
                (key, block, cause) -> {
                  if (key != null) {
                    unindex(key);
                    count(key, block, null);
                  }
                })
            .executor(Runnable::run)
            .build();
  }

  /** The block's bytes, or null when they are not here; the receiver must not modify them. */
  public byte @Nullable [] get(long contentId, long block) {
    Key key = new Key(contentId, block);
    Block found = blocks.getIfPresent(key);
    if (found == null) {
      return null;
    }
    if (found.ahead) {
      weigh(key);
    }
    return found.content;
  }

  /** Whether the block is here, which is no reading of it. */
  public boolean has(long contentId, long block) {
    return blocks.asMap().containsKey(new Key(contentId, block));
  }

  /** Whether any block of that content is here. */
  public boolean holds(long contentId) {
    return blocksOfContent.containsKey(contentId);
  }

  /**
   * Keeps a block; the array is the cache's from here on.
   *
   * @param content {@link #BLOCK_BYTES} bytes, fewer only for a file's last block
   * @throws IllegalArgumentException when it is longer
   */
  public void put(long contentId, long block, byte[] content) {
    put(new Key(contentId, block), new Block(content, false));
  }

  /** The same for a block that nobody has asked for yet. */
  public void putAhead(long contentId, long block, byte[] content) {
    put(new Key(contentId, block), new Block(content, maxAheadBytes > 0));
    for (Key oldest = tooMuchAhead(); oldest != null; oldest = tooMuchAhead()) {
      weigh(oldest);
    }
  }

  /** The oldest of what was fetched ahead, if that is more than its part of the cache. */
  private @Nullable Key tooMuchAhead() {
    synchronized (ahead) {
      return aheadBytes > maxAheadBytes ? ahead.iterator().next() : null;
    }
  }

  private void put(Key key, Block block) {
    if (block.content.length > BLOCK_BYTES) {
      throw new IllegalArgumentException("a block of " + block.content.length + " bytes");
    }
    blocks
        .asMap()
        .compute(
            key,
            (same, old) -> {
              index(key);
              count(key, old, block);
              return block;
            });
  }

  /** From now on it is a block as any other. */
  private void weigh(Key key) {
    blocks
        .asMap()
        .computeIfPresent(
            key,
            (same, block) -> {
              Block weighed = new Block(block.content, false);
              count(key, block, weighed);
              return weighed;
            });
  }

  /** Inside the atomic operation that makes one block the other. */
  private void count(Key key, @Nullable Block old, @Nullable Block block) {
    if (old != null && old.ahead) {
      synchronized (ahead) {
        ahead.remove(key);
        aheadBytes -= old.bytes();
      }
    }
    if (block != null && block.ahead) {
      synchronized (ahead) {
        ahead.add(key);
        aheadBytes += block.bytes();
      }
    }
  }

  /** Forgets a content. */
  public void drop(long contentId) {
    Set<Long> numbers = blocksOfContent.remove(contentId);
    if (numbers != null) {
      numbers.forEach(number -> remove(new Key(contentId, number)));
    }
  }

  /** Forgets a content's blocks from that number on, for a file that was cut. */
  public void dropFrom(long contentId, long firstBlock) {
    List<Key> gone = new ArrayList<>();
    blocksOfContent.computeIfPresent(
        contentId,
        (id, numbers) -> {
          numbers.removeIf(
              number -> {
                boolean cut = number >= firstBlock;
                if (cut) {
                  gone.add(new Key(contentId, number));
                }
                return cut;
              });
          return numbers.isEmpty() ? null : numbers;
        });
    gone.forEach(this::remove);
  }

  /** Forgets everything. */
  public void clear() {
    blocksOfContent.keySet().forEach(this::drop);
  }

  /** Bytes held, bookkeeping counted; approximate while others write. */
  public long bytes() {
    long weighed = weighedBytes();
    synchronized (ahead) {
      return weighed + aheadBytes;
    }
  }

  /** How much can be put before anything is evicted; approximate while others write. */
  public long roomBytes() {
    return policy().getMaximum() - weighedBytes();
  }

  private long weighedBytes() {
    blocks.cleanUp();
    return policy().weightedSize().orElse(0);
  }

  private Policy.Eviction<Key, Block> policy() {
    return blocks.policy().eviction().orElseThrow();
  }

  /** Blocks in the index; tests compare it with what is held. */
  int indexedBlocks() {
    return blocksOfContent.values().stream().mapToInt(Set::size).sum();
  }

  /** Blocks that weigh nothing; tests compare it with what was not read. */
  int aheadBlocks() {
    synchronized (ahead) {
      return ahead.size();
    }
  }

  private void remove(Key key) {
    blocks
        .asMap()
        .computeIfPresent(
            key,
            (same, block) -> {
              unindex(same);
              count(same, block, null);
              return null;
            });
  }

  private void index(Key key) {
    blocksOfContent.compute(
        key.contentId(),
        (id, numbers) -> {
          Set<Long> all = numbers == null ? new HashSet<>() : numbers;
          all.add(key.block());
          return all;
        });
  }

  private void unindex(Key key) {
    blocksOfContent.computeIfPresent(
        key.contentId(),
        (id, numbers) -> {
          numbers.remove(key.block());
          return numbers.isEmpty() ? null : numbers;
        });
  }
}
