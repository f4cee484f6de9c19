package colabfs.control;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** Sends what is written as frames of one type; waits while the peer does not read. */
final class FrameOutput extends OutputStream {
  private final FrameChannel channel;
  private final FrameType type;

  FrameOutput(FrameChannel channel, FrameType type) {
    this.channel = channel;
    this.type = type;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    channel.send(type, ByteBuffer.wrap(bytes, offset, length));
  }
}
