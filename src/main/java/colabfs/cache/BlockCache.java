package colabfs.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of file content, keyed by a number that the caller gives to one version of one file;
 * bounded by bytes, least useful first out.
 *
 * <p>An index of blocks per content makes {@link #drop} cost what that content holds, not what the
 * cache holds.
 *
 * <p>Threading: any thread; {@code get} takes no lock. A put that races with a drop of the same
 * content ends before or after it, never half.
 */
public final class BlockCache {
  /** Bytes of a block; a file's last block is shorter. */
  public static final int BLOCK_BYTES = 128 * 1024;

  /** What a block costs beside its bytes: key, map nodes, index entry (about, 64-bit JVM). */
  static final int OVERHEAD_BYTES = 192;

  private record Key(long contentId, long block) {}

  private final Cache<Key, byte[]> blocks;

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
    blocks =
        Caffeine.newBuilder()
            .maximumWeight(maxBytes)
            .weigher((Key key, byte[] content) -> content.length + OVERHEAD_BYTES)
            .evictionListener(
                (key, content, cause) -> {
                  if (key != null) {
                    unindex(key);
                  }
                })
            .executor(Runnable::run)
            .build();
  }

  /** The block's bytes, or null when they are not here; the receiver must not modify them. */
  public byte @Nullable [] get(long contentId, long block) {
    return blocks.getIfPresent(new Key(contentId, block));
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
    if (content.length > BLOCK_BYTES) {
      throw new IllegalArgumentException("a block of " + content.length + " bytes");
    }
    blocks
        .asMap()
        .compute(
            new Key(contentId, block),
            (key, old) -> {
              index(key);
              return content;
            });
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
    blocks.cleanUp();
    return blocks.policy().eviction().orElseThrow().weightedSize().orElse(0);
  }

  /** Blocks in the index; tests compare it with what is held. */
  int indexedBlocks() {
    return blocksOfContent.values().stream().mapToInt(Set::size).sum();
  }

  private void remove(Key key) {
    blocks
        .asMap()
        .computeIfPresent(
            key,
            (same, content) -> {
              unindex(same);
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
