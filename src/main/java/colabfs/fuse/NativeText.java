package colabfs.fuse;

import colabfs.core.Errno;
import colabfs.core.FsException;
import com.kenai.jffi.MemoryIO;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * Texts and bytes in native memory. Names are bytes in UTF-8 whatever the locale, {@code LANG} or
 * {@code -Dfile.encoding} says.
 */
final class NativeText {
  private static final MemoryIO MEMORY = MemoryIO.getInstance();
  private static final char REPLACEMENT = '\uFFFD';

  /** A file: below it there is nothing, and looking there waits for nobody. */
  private static final Path NOWHERE = Path.of("/dev/null");

  private static final int NOWHERE_LENGTH = "/dev/null/".length();

  private NativeText() {}

  /** The bytes before the NUL. */
  static byte[] bytes(Pointer text) {
    return MEMORY.getZeroTerminatedByteArray(text.address());
  }

  /** Reads UTF-8; bytes that are none fail with EINVAL, since no name on the wire could be them. */
  static String decode(byte[] utf8) throws FsException {
    String text = new String(utf8, StandardCharsets.UTF_8);
    if (text.indexOf(REPLACEMENT) >= 0) {
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
      } catch (CharacterCodingException e) {
        throw new FsException(Errno.EINVAL, "a name that is not UTF-8: " + text, e);
      }
    }
    return text;
  }

  /** Reads UTF-8; for bytes that are none, something that no name on the wire is. */
  static String lenient(byte[] utf8) {
    return new String(utf8, StandardCharsets.UTF_8);
  }

  /** A copy in native memory with a NUL after it; lives as long as the returned object. */
  static Pointer allocate(byte[] text) {
    Pointer memory = Memory.allocateDirect(Runtime.getSystemRuntime(), text.length + 1, true);
    memory.put(0, text, 0, text.length);
    return memory;
  }

  static Pointer allocate(String text) {
    return allocate(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The memory itself as a buffer, not a copy: valid until the callback returns. */
  static ByteBuffer view(Pointer memory, int bytes) {
    return MEMORY.newDirectByteBuffer(memory.address(), bytes);
  }

  /**
   * A local path exactly as the system knows it. {@code toString} would bring the locale's charset
   * in; a URI carries the bytes themselves. Java looks at what it makes a URI of, and a mount that
   * does not answer must not be looked at: each name is put where nothing can be.
   */
  static byte[] bytesOf(Path path) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (Path name : path.toAbsolutePath()) {
      bytes.write('/');
      unescape(NOWHERE.resolve(name).toUri().getRawPath(), NOWHERE_LENGTH, bytes);
    }
    return bytes.size() == 0 ? new byte[] {'/'} : bytes.toByteArray();
  }

  private static void unescape(String escaped, int start, ByteArrayOutputStream into) {
    for (int i = start; i < escaped.length(); i++) {
      char c = escaped.charAt(i);
      if (c == '%') {
        into.write(Integer.parseInt(escaped.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        into.write(c);
      }
    }
  }
}
