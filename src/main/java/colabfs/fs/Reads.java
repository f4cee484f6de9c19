package colabfs.fs;

import static colabfs.cache.BlockCache.BLOCK_BYTES;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The reads of one handle: which blocks they need, which to fetch ahead, and what to do when the
 * connection goes in between. Threading: any thread; waits for the network.
 */
final class Reads {
  /** Of a file in which somebody jumps about, reads up to this size bring just what they want. */
  private static final int PIECE_BYTES = 32 << 10;

  /** Once for the connection that went, once for one that goes while reopening. */
  private static final int MAX_ATTEMPTS = 3;

  /** Fetches that take longer than this wait for one another, not for the link's round trip. */
  private static final long PATIENT_NANOS = 400_000_000L;

  private final OpenNode node;
  private final Patience patience;
  private final LinkWatch link;
  private final ReadAhead ahead;

  Reads(OpenNode node, Patience patience, LinkWatch link, long maxWindowBytes) {
    this.node = node;
    this.patience = patience;
    this.link = link;
    this.ahead = new ReadAhead(maxWindowBytes);
  }

  /** See {@link FileHandle#read}. */
  int read(long offset, ByteBuffer into) throws FsException {
    int position = into.position();
    long deadline = patience.deadline();
    for (int attempt = 1; ; attempt++) {
      try {
        return readVersion(offset, into, deadline);
      } catch (FsException e) {
        if (e.errno() != Errno.ENOTCONN || attempt == MAX_ATTEMPTS || Patience.isSpent(deadline)) {
          throw e;
        }
        into.position(position);
        if (node.isDirty()) {
          node.writes().settle(); // and so the writer has seen that the file is still the same
        }
        node.reader().lost();
      }
    }
  }

  private int readVersion(long offset, ByteBuffer into, long deadline) throws FsException {
    if (offset >= node.size()) {
      node.look();
    }
    while (true) {
      long contentId = node.blocks().contentId();
      long size = node.size();
      int length = (int) Math.min(into.remaining(), Math.max(0, size - offset));
      int got = length == 0 ? 0 : readPlanned(offset, length, size, into, deadline);
      if (node.serve(contentId)) {
        return got;
      }
      into.position(into.position() - got); // another version was found while opening
    }
  }

  private int readPlanned(long offset, int length, long size, ByteBuffer into, long deadline)
      throws FsException {
    long planned = ahead.plan(offset, length);
    long fetchTo = link.isDown() ? 0 : Math.min(planned, size);
    long first = offset / BLOCK_BYTES;
    long last = (offset + length - 1) / BLOCK_BYTES;
    if (first == last && isJump(first, length, size)) {
      return copyPiece(offset, length, into, deadline);
    }
    BlockSource blocks = node.blocks();
    List<CompletableFuture<byte[]>> needed = new ArrayList<>();
    for (long block = first; block <= last; block++) {
      needed.add(fetch(block, size));
    }
    boolean waits = needed.stream().anyMatch(answer -> !answer.isDone());
    for (long block = last + 1; block * BLOCK_BYTES < fetchTo; block++) {
      blocks.ahead(block, BlockSource.lengthOf(block, size));
    }
    if (waits && !blocks.isSaturated(PATIENT_NANOS)) {
      ahead.waited();
    }
    return copyBlocks(needed, offset, length, size, into, deadline);
  }

  /** Whether to fetch just a piece: of a block that is not here, for somebody who jumps about. */
  private boolean isJump(long block, int length, long size) {
    return length <= PIECE_BYTES
        && size > BLOCK_BYTES
        && ahead.isRandom()
        && !node.blocks().isHere(block, BlockSource.lengthOf(block, size))
        && !node.blocks().touch(block);
  }

  private int copyBlocks(
      List<CompletableFuture<byte[]>> blocks,
      long offset,
      int length,
      long size,
      ByteBuffer into,
      long deadline)
      throws FsException {
    long block = offset / BLOCK_BYTES;
    int got = 0;
    for (CompletableFuture<byte[]> answer : blocks) {
      byte[] content = patience.await(answer, deadline);
      long start = block * BLOCK_BYTES;
      int from = (int) Math.max(0, offset - start);
      int to = (int) Math.min(content.length, offset + length - start);
      if (to > from) {
        into.put(content, from, to - from);
        got += to - from;
      }
      if (content.length < BlockSource.lengthOf(block, size)) {
        break; // somebody cut the file
      }
      block++;
    }
    return got;
  }

  private int copyPiece(long offset, int length, ByteBuffer into, long deadline)
      throws FsException {
    @Nullable CompletableFuture<ByteBuffer> answer = node.blocks().piece(offset, length);
    while (answer == null) {
      node.writes().settle();
      answer = node.blocks().piece(offset, length);
    }
    ByteBuffer bytes = patience.await(answer, deadline);
    int got = bytes.remaining();
    into.put(bytes);
    return got;
  }

  private CompletableFuture<byte[]> fetch(long block, long size) throws FsException {
    int length = BlockSource.lengthOf(block, size);
    @Nullable CompletableFuture<byte[]> answer = node.blocks().block(block, length);
    while (answer == null) {
      node.writes().settle();
      answer = node.blocks().block(block, length);
    }
    return answer;
  }
}
