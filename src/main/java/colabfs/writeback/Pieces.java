package colabfs.writeback;

import colabfs.core.FsException;
import colabfs.remote.RemoteFile;
import colabfs.writeback.Layer.Extent;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends content of many files, holding no more of it in memory than so many bytes. Threading: the
 * executor's one thread.
 */
final class Pieces {
  private static final long MAX_BYTES = 16L << 20;

  /** The longest request. */
  static final int PIECE_BYTES = 255 * 1024;

  private final Journal journal;
  private final Executor executor;
  private final IntConsumer answered;
  private final Deque<Sending> waiting = new ArrayDeque<>();
  private long inFlight;

  private static final class Sending {
    final RemoteFile handle;
    final Deque<List<Extent>> left;
    final CompletableFuture<Void> end = new CompletableFuture<>();
    final Runnable behind;
    int unanswered;
    @Nullable Throwable failure;

    Sending(RemoteFile handle, List<List<Extent>> pieces, Runnable behind) {
      this.handle = handle;
      this.behind = behind;
      this.left = new ArrayDeque<>(pieces);
    }
  }

  /**
   * @param answered told, at every answer, how many bytes more have arrived
   */
  Pieces(Journal journal, Executor executor, IntConsumer answered) {
    this.journal = journal;
    this.executor = executor;
    this.answered = answered;
  }

  /**
   * Ends when all of them are acknowledged; or, after a failure, when nothing of them is on its
   * way.
   *
   * @param behind done when the last has been handed to the file
   */
  CompletableFuture<Void> send(RemoteFile handle, List<List<Extent>> pieces, Runnable behind) {
    Sending sending = new Sending(handle, pieces, behind);
    if (pieces.isEmpty()) {
      behind.run();
      sending.end.complete(null);
    } else {
      waiting.add(sending);
      pump();
    }
    return sending.end;
  }

  private void pump() {
    while (inFlight < MAX_BYTES && !waiting.isEmpty()) {
      Sending first = waiting.element();
      List<Extent> piece = first.failure == null ? first.left.poll() : null;
      if (piece != null) {
        send(first, piece);
      }
      if (first.left.isEmpty() || first.failure != null) {
        waiting.remove(first);
      }
    }
  }

  private void send(Sending sending, List<Extent> piece) {
    ByteBuffer bytes;
    try {
      bytes = Upload.read(journal, piece);
    } catch (FsException e) {
      sending.failure = e;
      endWhenQuiet(sending);
      return;
    }
    int length = bytes.remaining();
    inFlight += length;
    sending.unanswered++;
    var unused =
        sending
            .handle
            .write(piece.get(0).offset(), bytes)
            .whenCompleteAsync((done, failure) -> answered(sending, length, failure), executor);
    if (sending.left.isEmpty()) {
      sending.behind.run();
    }
  }

  private void answered(Sending sending, int length, @Nullable Throwable failure) {
    inFlight -= length;
    sending.unanswered--;
    answered.accept(failure == null ? length : 0);
    if (failure != null && sending.failure == null) {
      sending.failure = failure;
    }
    endWhenQuiet(sending);
    pump();
  }

  private static void endWhenQuiet(Sending sending) {
    if (sending.unanswered > 0) {
      return;
    }
    if (sending.failure != null) {
      sending.end.completeExceptionally(sending.failure);
    } else if (sending.left.isEmpty()) {
      sending.end.complete(null);
    }
  }

  /** What follows one another in the file goes together, up to the longest request. */
  static List<List<Extent>> of(List<Extent> extents) {
    List<List<Extent>> pieces = new ArrayList<>();
    List<Extent> piece = new ArrayList<>();
    int length = 0;
    for (Extent whole : extents) {
      for (Extent extent : split(whole)) {
        boolean follows = piece.isEmpty() || piece.get(piece.size() - 1).end() == extent.offset();
        if (!follows || length + extent.length() > PIECE_BYTES) {
          pieces.add(piece);
          piece = new ArrayList<>();
          length = 0;
        }
        piece.add(extent);
        length += extent.length();
      }
    }
    if (!piece.isEmpty()) {
      pieces.add(piece);
    }
    return pieces;
  }

  private static List<Extent> split(Extent whole) {
    List<Extent> parts = new ArrayList<>();
    for (int done = 0; done < whole.length(); done += PIECE_BYTES) {
      parts.add(
          new Extent(
              whole.offset() + done,
              Math.min(PIECE_BYTES, whole.length() - done),
              whole.position() + done));
    }
    return parts;
  }
}
