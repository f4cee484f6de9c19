package colabfs.agent;

import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Keeps what is read through it. */
final class Recording extends FilterInputStream {
  private final ByteArrayOutputStream copy;

  Recording(InputStream in, ByteArrayOutputStream copy) {
    super(in);
    this.copy = copy;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int count = super.read(bytes, offset, length);
    if (count > 0) {
      copy.write(bytes, offset, count);
    }
    return count;
  }
}
