package colabfs.agent;

import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads and writes the fields that frames are made of. All that is read is checked. */
final class Fields {

  private static final int MODE_MASK = 0177777;

  private Fields() {}

  /** ProtocolException when fewer bytes are left. */
  static void require(ByteBuffer in, int bytes) throws ProtocolException {
    if (in.remaining() < bytes) {
      throw new ProtocolException("a frame is shorter than it says");
    }
  }

  static void requireEnd(ByteBuffer in) throws ProtocolException {
    if (in.hasRemaining()) {
      throw new ProtocolException("a frame is longer than it says");
    }
  }

  static int readByte(ByteBuffer in) throws ProtocolException {
    require(in, 1);
    return Byte.toUnsignedInt(in.get());
  }

  static long readUnsigned(ByteBuffer in) throws ProtocolException {
    require(in, Integer.BYTES);
    return Integer.toUnsignedLong(in.getInt());
  }

  /** A length or an offset. */
  static long readLength(ByteBuffer in) throws ProtocolException {
    require(in, Long.BYTES);
    long length = in.getLong();
    if (length < 0) {
      throw new ProtocolException("a length below zero");
    }
    return length;
  }

  /** A number that must not be larger than that. */
  static int readBounded(ByteBuffer in, int most, String what) throws ProtocolException {
    long number = readUnsigned(in);
    if (number > most) {
      throw new ProtocolException(what + ": " + number + ", where at most " + most + " may be");
    }
    return (int) number;
  }

  /** The bytes of a text with its length before it. */
  static byte[] readText(ByteBuffer in) throws ProtocolException {
    require(in, Short.BYTES);
    return readBytes(in, Short.toUnsignedInt(in.getShort()));
  }

  static byte[] readBytes(ByteBuffer in, int length) throws ProtocolException {
    require(in, length);
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  /** Bytes as text; null when they are no UTF-8. */
  static @Nullable String strict(byte[] bytes) {
    for (byte letter : bytes) {
      if (letter < 0) {
        try {
          return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
          return null;
        }
      }
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /**
   * A path below the root.
   *
   * @return null when it is a path, but not in UTF-8
   */
  static @Nullable RemotePath readPath(ByteBuffer in) throws ProtocolException {
    byte[] bytes = readText(in);
    String text = strict(bytes);
    if (text == null) {
      return null;
    }
    try {
      RemotePath path = RemotePath.of(text);
      if (path.toString().equals(text)) {
        return path;
      }
    } catch (IllegalArgumentException e) {
      // told below
    }
    throw new ProtocolException("not a path: " + printable(text));
  }

  /** Words of the helper for a log or a person: short, and without what moves a cursor. */
  static String printable(String text) {
    String cut = text.length() > 300 ? text.substring(0, 300) : text;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }

  static FileAttrs readAttrs(ByteBuffer in) throws ProtocolException {
    require(in, Protocol.ATTRS_BYTES);
    int mode = in.getInt() & MODE_MASK;
    int uid = in.getInt();
    int gid = in.getInt();
    long links = Integer.toUnsignedLong(in.getInt());
    long size = in.getLong();
    long atime = in.getLong();
    long mtime = in.getLong();
    long ctime = in.getLong();
    long inode = in.getLong();
    if (size < 0) {
      throw new ProtocolException("a file of " + size + " bytes");
    }
    return new FileAttrs(
        FileType.ofMode(mode),
        mode & FileAttrs.PERMISSION_MASK,
        uid,
        gid,
        size,
        atime,
        mtime,
        ctime,
        inode,
        (int) Math.min(links, Integer.MAX_VALUE));
  }

  static byte[] bytes(RemotePath path) {
    return path.toString().getBytes(StandardCharsets.UTF_8);
  }

  static int textBytes(byte[] text) {
    return Short.BYTES + text.length;
  }

  static void putText(ByteBuffer out, byte[] text) {
    out.putShort((short) text.length).put(text);
  }
}
