package colabfs.ssh;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.atomic.LongAdder;

/** Counts the payload of all channels, in bytes. Threading: any thread. */
final class Traffic {
  private final LongAdder sent = new LongAdder();
  private final LongAdder received = new LongAdder();

  void sent(long bytes) {
    sent.add(bytes);
  }

  void received(long bytes) {
    received.add(bytes);
  }

  long sentBytes() {
    return sent.sum();
  }

  long receivedBytes() {
    return received.sum();
  }

  /** The same stream, counted as received. */
  InputStream counted(InputStream stream) {
    return new FilterInputStream(stream) {
      @Override
      public int read() throws IOException {
        int value = in.read();
        received.add(value < 0 ? 0 : 1);
        return value;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        int count = in.read(into, offset, length);
        received.add(Math.max(0, count));
        return count;
      }
    };
  }

  /** The same stream, counted as sent. */
  OutputStream counted(OutputStream stream) {
    return new FilterOutputStream(stream) {
      @Override
      public void write(int value) throws IOException {
        out.write(value);
        sent.increment();
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        out.write(from, offset, length);
        sent.add(length);
      }
    };
  }
}
