package colabfs.ssh;

import colabfs.core.FsException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * One read or write of any length, as requests of a size that suits the link. It ends with the
 * first failure; parts that wait for their turn then are never sent.
 *
 * <p>Threading: parts end on any thread, each writes its own range of the result.
 */
abstract class SftpTransfer<T> {
  private static final int ALIGNMENT_BYTES = 4096;

  final SftpFile file;
  final CompletableFuture<T> result = new CompletableFuture<>();
  private final BulkWindow window;
  private final long offset;
  private final int length;
  private final AtomicInteger partsLeft = new AtomicInteger();

  SftpTransfer(SftpFile file, BulkWindow window, long offset, int length) {
    this.file = file;
    this.window = window;
    this.offset = offset;
    this.length = length;
  }

  /** The most that the server takes in one request. */
  abstract int mostBytes();

  /** Sends one request for that part of the transfer; its future ends with what was moved. */
  abstract CompletableFuture<Integer> send(long at, int within, int bytes);

  /** Whether a part of which less was moved than asked is to go on. */
  abstract boolean goesOn(long at, int moved);

  /** Told of each part's end: {@code moved} bytes from {@code within} are there. */
  abstract void partEnded(int within, int asked, int moved);

  abstract void allEnded();

  /** So many more parts wait for their turn, or so many fewer. */
  void waiting(int change) {}

  CompletableFuture<T> start() {
    if (length <= SftpFile.SMALL_BYTES) {
      partsLeft.set(1);
      Part part = new Part(0, length);
      part.ends(part.start());
      return result;
    }
    int most = window.requestBytes(mostBytes());
    int parts = (length + most - 1) / most;
    int even = (length + parts - 1) / parts;
    int size = Math.min(most, (even + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES);
    partsLeft.set((length + size - 1) / size);
    waiting(partsLeft.get());
    for (int within = 0; within < length; within += size) {
      Part part = new Part(within, Math.min(size, length - within));
      window.submit(part.bytes, part);
    }
    return result;
  }

  private void oneLess() {
    if (partsLeft.decrementAndGet() == 0) {
      allEnded();
    }
  }

  /** One request, and those that continue it where the server moved less. */
  private final class Part implements BulkWindow.Request {
    private final int within;
    private final int bytes;
    private final int before;

    Part(int within, int bytes) {
      this(within, bytes, 0);
    }

    private Part(int within, int bytes, int before) {
      this.within = within;
      this.bytes = bytes;
      this.before = before;
    }

    @Override
    public @Nullable CompletableFuture<Integer> start() {
      if (length <= SftpFile.SMALL_BYTES) {
        return result.isDone() ? null : send();
      }
      try {
        if (result.isDone()) {
          return null;
        }
        CompletableFuture<Integer> moved = send();
        ends(moved);
        return moved;
      } finally {
        waiting(-1);
      }
    }

    private CompletableFuture<Integer> send() {
      return SftpTransfer.this.send(offset + within + before, within + before, bytes);
    }

    void ends(@Nullable CompletableFuture<Integer> sent) {
      if (sent != null) {
        Chain.whenDone(sent, this::ended);
      }
    }

    private void ended(@Nullable Integer moved, @Nullable Throwable failure) {
      if (moved == null || failure != null) {
        result.completeExceptionally(Chain.bare(failure == null ? new AssertionError() : failure));
        return;
      }
      long end = offset + within + before + moved;
      if (moved == 0 || moved == bytes || !goesOn(end, moved)) {
        partEnded(within, before + bytes, before + moved);
        oneLess();
        return;
      }
      Part rest = new Part(within, bytes - moved, before + moved);
      if (length > SftpFile.SMALL_BYTES) {
        waiting(1);
        window.submit(rest.bytes, rest);
      } else {
        rest.ends(rest.start());
      }
    }

    @Override
    public void giveUp(FsException reason) {
      waiting(-1);
      result.completeExceptionally(reason);
    }
  }

  /** Reads into one array; of a single whole answer, the answer's own bytes are the result. */
  static final class Read extends SftpTransfer<ByteBuffer> {
    private final int length;
    private final AtomicLong shortAt;
    private byte @Nullable [] content;
    private @Nullable ByteBuffer only;

    Read(SftpFile file, BulkWindow window, long offset, int length) {
      super(file, window, offset, length);
      this.length = length;
      this.shortAt = new AtomicLong(length);
    }

    @Override
    int mostBytes() {
      return file.limits().readBytes();
    }

    @Override
    CompletableFuture<Integer> send(long at, int within, int bytes) {
      return Chain.then(
          file.readOnce(at, bytes),
          answer -> {
            int moved = answer.remaining();
            keep(within, bytes, answer);
            return CompletableFuture.completedFuture(moved);
          },
          failure ->
              failure instanceof SftpStatus status && status.is(SftpConstants.SSH_FX_EOF)
                  ? CompletableFuture.completedFuture(0)
                  : CompletableFuture.failedFuture(failure));
    }

    private synchronized void keep(int within, int asked, ByteBuffer answer) {
      if (within == 0 && asked == length) {
        only = answer;
        return;
      }
      byte[] all = content;
      if (all == null) {
        all = new byte[length];
        content = all;
      }
      if (only != null) {
        only.get(all, 0, only.remaining());
        only = null;
      }
      answer.get(all, within, answer.remaining());
    }

    @Override
    boolean goesOn(long end, int moved) {
      return !file.endsAt(end);
    }

    @Override
    void partEnded(int within, int asked, int moved) {
      if (moved < asked) {
        shortAt.accumulateAndGet((long) within + moved, Math::min);
      }
    }

    @Override
    synchronized void allEnded() {
      byte[] all = content;
      if (only != null) {
        result.complete(only);
      } else if (all == null) {
        result.complete(ByteBuffer.allocate(0));
      } else {
        result.complete(ByteBuffer.wrap(all, 0, (int) shortAt.get()).slice());
      }
    }
  }

  /** Writes; the server takes all of a request or refuses it. */
  static final class Write extends SftpTransfer<Void> {
    private final ByteBuffer content;

    Write(SftpFile file, BulkWindow window, long offset, ByteBuffer content) {
      super(file, window, offset, content.remaining());
      this.content = content;
    }

    @Override
    int mostBytes() {
      return file.limits().writeBytes();
    }

    @Override
    CompletableFuture<Integer> send(long at, int within, int bytes) {
      return Chain.map(file.writeOnce(at, content.slice(within, bytes)), done -> bytes);
    }

    @Override
    boolean goesOn(long end, int moved) {
      return false;
    }

    @Override
    void waiting(int change) {
      file.writesWait(change);
    }

    @Override
    void partEnded(int within, int asked, int moved) {
      // all of it, always
    }

    @Override
    @SuppressWarnings("NullAway") // a future of Void has no value but null
    void allEnded() {
      result.complete(null);
    }
  }
}
