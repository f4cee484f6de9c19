package colabfs.agent;

import java.nio.ByteBuffer;
import java.util.function.IntFunction;

/**
 * A question about a job with a short answer.
 *
 * @param <T> what the answer is
 */
final class JobCall<T> extends Call<T> {
  private final IntFunction<ByteBuffer> frame;
  private final Reader<T> reader;
  private final boolean isInput;

  /** Reads the answer. */
  interface Reader<T> {
    T read(ByteBuffer payload) throws ProtocolException;
  }

  /**
   * For one question.
   *
   * @param isInput it goes behind whatever else is asked
   * @param frame makes the frame for a request's number, when its turn has come
   */
  JobCall(String what, boolean isInput, IntFunction<ByteBuffer> frame, Reader<T> reader) {
    super(what);
    this.isInput = isInput;
    this.frame = frame;
    this.reader = reader;
  }

  boolean isInput() {
    return isInput;
  }

  @Override
  Outgoing.Message message(int number) {
    boolean[] sent = new boolean[1];
    return () -> {
      if (sent[0]) {
        return null;
      }
      sent[0] = true;
      return frame.apply(number);
    };
  }

  @Override
  T done(ByteBuffer payload) throws ProtocolException {
    return reader.read(payload);
  }
}
