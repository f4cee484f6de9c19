package colabfs.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class BlockCacheTest {

  @Test
  void get_ofABlockThatWasPut_isItsBytes() {
    BlockCache cache = new BlockCache(1 << 20);
    cache.put(1, 0, new byte[] {1});
    cache.put(1, 0, new byte[] {2});
    cache.put(2, 0, new byte[] {3});
    assertThat(cache.get(1, 0)).containsExactly(2);
    assertThat(cache.get(2, 0)).containsExactly(3);
    assertThat(cache.get(1, 1)).isNull();
  }

  @Test
  void drop_forgetsOneContentOnly() {
    BlockCache cache = new BlockCache(1 << 20);
    cache.put(1, 0, new byte[1000]);
    cache.put(1, 1L << 40, new byte[1000]);
    cache.put(2, 0, new byte[1000]);
    cache.drop(1);
    assertThat(cache.get(1, 0)).isNull();
    assertThat(cache.get(1, 1L << 40)).isNull();
    assertThat(cache.get(2, 0)).hasSize(1000);
    assertThat(cache.bytes()).isEqualTo(1000 + BlockCache.OVERHEAD_BYTES);
  }

  @Test
  void dropFrom_keepsTheBlocksBefore() {
    BlockCache cache = new BlockCache(1 << 20);
    for (int block = 0; block < 5; block++) {
      cache.put(1, block, new byte[10]);
    }
    cache.dropFrom(1, 2);
    assertThat(cache.get(1, 1)).isNotNull();
    assertThat(cache.get(1, 2)).isNull();
    assertThat(cache.get(1, 4)).isNull();
    cache.drop(1);
    assertThat(cache.get(1, 0)).isNull();
    assertThat(cache.bytes()).isZero();
  }

  @Test
  void clear_forgetsEverything() {
    BlockCache cache = new BlockCache(1 << 20);
    cache.put(1, 0, new byte[10]);
    cache.put(2, 0, new byte[10]);
    cache.clear();
    assertThat(cache.bytes()).isZero();
  }

  @Test
  void bytes_areBounded_andAnEvictedBlockIsOutOfTheIndex() {
    BlockCache cache = new BlockCache(1 << 20);
    for (int block = 0; block < 100; block++) {
      cache.put(block % 3, block, new byte[BlockCache.BLOCK_BYTES]);
    }
    assertThat(cache.bytes()).isPositive().isLessThanOrEqualTo(1 << 20);
    assertThat(cache.indexedBlocks()).isLessThanOrEqualTo(8);
    cache.drop(0);
    cache.drop(1);
    cache.drop(2);
    assertThat(cache.bytes()).isZero();
  }

  @Test
  void blockThatWasFetchedAhead_staysUntilItIsRead() {
    BlockCache cache = new BlockCache(64L * BlockCache.BLOCK_BYTES);
    for (int block = 0; block < 60; block++) {
      readAgainAndAgain(cache, block);
    }
    for (int block = 100; block < 110; block++) {
      cache.putAhead(2, block, new byte[BlockCache.BLOCK_BYTES]);
    }
    for (int block = 200; block < 300; block++) {
      readAgainAndAgain(cache, block);
    }
    for (int block = 100; block < 110; block++) {
      assertThat(cache.get(2, block)).hasSize(BlockCache.BLOCK_BYTES);
    }
    assertThat(cache.bytes()).isLessThanOrEqualTo(64L * BlockCache.BLOCK_BYTES);
  }

  private static void readAgainAndAgain(BlockCache cache, long block) {
    cache.put(1, block, new byte[BlockCache.BLOCK_BYTES]);
    for (int i = 0; i < 5; i++) {
      byte[] unused = cache.get(1, block);
    }
  }

  @Test
  void blocksThatWereFetchedAhead_andAreNeverRead_areBounded() {
    BlockCache cache = new BlockCache(64L * BlockCache.BLOCK_BYTES);
    for (int block = 0; block < 1000; block++) {
      cache.putAhead(1, block, new byte[BlockCache.BLOCK_BYTES]);
      assertThat(cache.bytes()).isLessThanOrEqualTo(64L * BlockCache.BLOCK_BYTES);
    }
    assertThat(cache.get(1, 999)).isNotNull();
    cache.drop(1);
    assertThat(cache.bytes()).isZero();
    assertThat(cache.indexedBlocks()).isZero();
  }

  @Test
  void blocksThatWereFetchedAhead_andRead_areNotRememberedBehindOneThatNeverIs() {
    BlockCache cache = new BlockCache(64L * BlockCache.BLOCK_BYTES);
    cache.putAhead(1, 0, new byte[10]);
    for (int block = 0; block < 1000; block++) {
      cache.putAhead(2, block, new byte[10]);
      assertThat(cache.get(2, block)).hasSize(10);
    }
    assertThat(cache.aheadBlocks()).isEqualTo(1);
    cache.putAhead(1, 0, new byte[20]);
    cache.put(1, 0, new byte[30]);
    assertThat(cache.aheadBlocks()).isZero();
    assertThat(cache.bytes()).isEqualTo(1000 * 10 + 30 + 1001 * BlockCache.OVERHEAD_BYTES);
  }

  @Test
  void cacheOfNoBytes_keepsNothing() {
    BlockCache cache = new BlockCache(0);
    cache.put(1, 0, new byte[10]);
    cache.putAhead(1, 1, new byte[10]);
    assertThat(cache.bytes()).isZero();
    assertThat(cache.get(1, 0)).isNull();
    assertThat(cache.get(1, 1)).isNull();
  }

  @Test
  void block_thatIsTooLong_isRefused() {
    BlockCache cache = new BlockCache(1 << 20);
    assertThatThrownBy(() -> cache.put(1, 0, new byte[BlockCache.BLOCK_BYTES + 1]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void drop_afterPutsAndDropsOfManyThreads_leavesNothing() {
    BlockCache cache = new BlockCache(200_000);
    CompletableFuture<?>[] threads = new CompletableFuture<?>[4];
    for (int t = 0; t < threads.length; t++) {
      int seed = t;
      threads[t] =
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; i < 20_000; i++) {
                  if (i % 2 == 0) {
                    cache.put(i % 3, (i * 7L + seed) % 50, new byte[2000]);
                  } else {
                    cache.putAhead(i % 3, (i * 7L + seed) % 50, new byte[2000]);
                  }
                  if (i % 5 == seed) {
                    byte[] unused = cache.get(i % 3, (i * 7L) % 50);
                  }
                  if (i % 11 == seed) {
                    cache.drop(i % 3);
                  } else if (i % 13 == seed) {
                    cache.dropFrom(i % 3, 25);
                  }
                }
              });
    }
    CompletableFuture.allOf(threads).join();
    for (int content = 0; content < 3; content++) {
      cache.drop(content);
    }
    assertThat(cache.bytes()).isZero();
    assertThat(cache.indexedBlocks()).isZero();
    assertThat(cache.aheadBlocks()).isZero();
  }
}
