package colabfs.control;

import colabfs.forward.Splice;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A socket's bytes after the frames, in both directions.
 *
 * <p>Java's own streams of a channel would not read while they write.
 */
final class SocketBytes implements Splice.Near {
  private final SocketChannel socket;

  SocketBytes(SocketChannel socket) {
    this.socket = socket;
  }

  @Override
  public InputStream in() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        return length == 0 ? 0 : socket.read(ByteBuffer.wrap(into, offset, length));
      }
    };
  }

  /** Closing it tells the peer that nothing more comes. */
  @Override
  public OutputStream out() {
    return new OutputStream() {
      @Override
      public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(from, offset, length);
        while (bytes.hasRemaining()) {
          socket.write(bytes);
        }
      }

      @Override
      public void close() throws IOException {
        endOutput();
      }
    };
  }

  @Override
  public void endOutput() throws IOException {
    socket.shutdownOutput();
  }

  @Override
  public void abort() {
    close();
  }

  @Override
  public void close() {
    new FrameChannel(socket).close();
  }
}
