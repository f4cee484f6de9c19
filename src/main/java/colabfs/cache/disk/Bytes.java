package colabfs.cache.disk;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.BasicDataType;

/** Plain bytes in the index, in their unsigned order. A length that cannot be is an error. */
final class Bytes extends BasicDataType<byte[]> {
  static final Bytes TYPE = new Bytes();
  private static final int ARRAY_BYTES = 24;

  private Bytes() {}

  @Override
  public int getMemory(byte[] bytes) {
    return ARRAY_BYTES + bytes.length;
  }

  @Override
  public int compare(byte[] one, byte[] other) {
    return Arrays.compareUnsigned(one, other);
  }

  @Override
  public void write(WriteBuffer into, byte[] bytes) {
    into.putVarInt(bytes.length).put(bytes);
  }

  @Override
  public byte[] read(ByteBuffer from) {
    int length = DataUtils.readVarInt(from);
    if (length < 0 || length > from.remaining()) {
      throw new IllegalStateException("the index is damaged");
    }
    byte[] bytes = new byte[length];
    from.get(bytes);
    return bytes;
  }

  @Override
  public byte[][] createStorage(int size) {
    return new byte[size][];
  }
}
