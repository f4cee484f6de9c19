package colabfs.writeback;

import colabfs.core.FsException;
import colabfs.crypto.NativeCrypto;
import colabfs.remote.BlockDigests;
import colabfs.remote.TreeChange.Piece;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which blocks of a new content are, at the same place, those of the old one. Threading:
 * the executor's one thread, which is given back again and again.
 */
final class Comparison {
  /** Compared before others have their turn: a few milliseconds. */
  private static final int STEP_BYTES = 1 << 20;

  private final WholeContent content;
  private final List<byte[]> old;
  private final int blockBytes;
  private final long mostLiteralBytes;
  private final Executor executor;
  private final ByteBuffer bytes;
  private final MessageDigest whole = NativeCrypto.sha256();
  private final MessageDigest block = NativeCrypto.sha256();
  private final List<Piece> pieces = new ArrayList<>();
  private final CompletableFuture<@Nullable Difference> end = new CompletableFuture<>();
  private long at;
  private long literalBytes;

  /** What a content is made of. */
  record Difference(List<Piece> pieces, long literalBytes, ByteBuffer sha256) {}

  /**
   * @param old digests of the old content's blocks
   * @param mostLiteralBytes when more is new, the comparison ends without a result
   */
  Comparison(
      WholeContent content,
      List<byte[]> old,
      int blockBytes,
      long mostLiteralBytes,
      Executor executor) {
    this.content = content;
    this.old = old;
    this.blockBytes = blockBytes;
    this.mostLiteralBytes = mostLiteralBytes;
    this.executor = executor;
    this.bytes = ByteBuffer.allocate(blockBytes);
  }

  /** Null when too much is new. */
  CompletableFuture<@Nullable Difference> run() {
    step();
    return end;
  }

  private void step() {
    long until = Math.min(content.sizeBytes(), at + STEP_BYTES);
    try {
      while (at < until && literalBytes <= mostLiteralBytes) {
        compareBlock();
      }
    } catch (FsException e) {
      end.completeExceptionally(e);
      return;
    }
    if (literalBytes > mostLiteralBytes) {
      end.complete(null);
    } else if (at < content.sizeBytes()) {
      executor.execute(this::step);
    } else {
      end.complete(new Difference(pieces, literalBytes, ByteBuffer.wrap(whole.digest())));
    }
  }

  private void compareBlock() throws FsException {
    int length = (int) Math.min(blockBytes, content.sizeBytes() - at);
    content.read(at, bytes.clear().limit(length));
    whole.update(bytes.flip());
    block.update(bytes.rewind());
    byte[] digest = Arrays.copyOf(block.digest(), BlockDigests.DIGEST_BYTES);
    long number = at / blockBytes;
    boolean isOld = number < old.size() && Arrays.equals(old.get((int) number), digest);
    add(isOld, length);
    at += length;
  }

  /** The piece before it grows when it is of the same kind. */
  private void add(boolean isOld, int length) {
    Piece last = pieces.isEmpty() ? null : pieces.get(pieces.size() - 1);
    if (isOld && last instanceof Piece.Copy copy) {
      replaceLast(new Piece.Copy(copy.offset(), copy.lengthBytes() + length));
    } else if (isOld) {
      pieces.add(new Piece.Copy(at, length));
    } else if (last instanceof Piece.Literal literal) {
      replaceLast(new Piece.Literal(literal.lengthBytes() + length));
    } else {
      pieces.add(new Piece.Literal(length));
    }
    literalBytes += isOld ? 0 : length;
  }

  private void replaceLast(Piece piece) {
    pieces.set(pieces.size() - 1, piece);
  }
}
