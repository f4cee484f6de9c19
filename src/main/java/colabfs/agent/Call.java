package colabfs.agent;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/**
 * Something that was asked for, and what becomes of its answer.
 *
 * <p>Threading: frames come on one thread at a time, under the delivery lock.
 *
 * @param <T> what it ends with
 */
abstract class Call<T> {
  private final String what;
  private final CompletableFuture<T> result = new CompletableFuture<>();

  /**
   * @param what in a message, such as "the content of 3 files"
   */
  Call(String what) {
    this.what = what;
  }

  final CompletableFuture<T> result() {
    return result;
  }

  /** What is sent: the request, and what belongs to it before it. */
  abstract Outgoing.Message message(int number);

  /** A piece of a long answer. */
  void chunk(ByteBuffer piece) throws ProtocolException {
    throw new ProtocolException("a long answer where a short one belongs");
  }

  /** What a job has printed. */
  void output(ByteBuffer payload) throws ProtocolException {
    throw new ProtocolException("a job's output where none belongs");
  }

  /** The end of the answer. */
  abstract T done(ByteBuffer payload) throws ProtocolException;

  /** Whether somebody still waits for the answer. */
  final boolean isWanted() {
    return !result.isDone();
  }

  final void complete(ByteBuffer payload) throws ProtocolException {
    T value = done(payload);
    Fields.requireEnd(payload);
    result.complete(value);
  }

  /** The helper could not do it. */
  final void refuse(ByteBuffer payload) throws ProtocolException {
    String name =
        new String(Fields.readBytes(payload, Fields.readByte(payload)), StandardCharsets.US_ASCII);
    String words = StandardCharsets.UTF_8.decode(payload).toString();
    fail(
        new FsException(
            errno(name),
            what + ": " + Fields.printable(words) + " (" + Fields.printable(name) + ")"));
  }

  final void fail(FsException failure) {
    result.completeExceptionally(failure);
  }

  /** The error of that name; EIO for one that has no meaning here. */
  static Errno errno(String name) {
    for (Errno errno : Errno.values()) {
      if (errno.name().equals(name)) {
        return errno;
      }
    }
    return Errno.EIO;
  }
}
