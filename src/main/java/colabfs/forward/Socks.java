package colabfs.forward;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;

/**
 * The server's side of SOCKS 4, 4a and 5 (RFC 1928) up to the answer: CONNECT, without
 * authentication.
 */
final class Socks {
  private static final int VERSION_4 = 4;
  private static final int VERSION_5 = 5;
  private static final int CONNECT = 1;
  private static final int LONGEST_TEXT = 255;

  /** What the client is told. */
  enum Answer {
    GRANTED(0x5a, 0),
    FAILED(0x5b, 1),
    NOT_ALLOWED(0x5b, 2),
    UNREACHABLE(0x5b, 4),
    REFUSED(0x5b, 5),
    UNKNOWN_COMMAND(0x5b, 7),
    UNKNOWN_ADDRESS(0x5b, 8);

    private final int four;
    private final int five;

    Answer(int four, int five) {
      this.four = four;
      this.five = five;
    }
  }

  private final int version;
  private final String host;
  private final int port;

  private Socks(int version, String host, int port) {
    this.version = version;
    this.host = host;
    this.port = port;
  }

  String host() {
    return host;
  }

  int port() {
    return port;
  }

  /**
   * Reads what the client wants; waits for it.
   *
   * @throws IOException when it is not SOCKS or not a CONNECT; the client was told where it can be
   */
  static Socks read(InputStream from, OutputStream to) throws IOException {
    DataInputStream in = new DataInputStream(from);
    int version = in.readUnsignedByte();
    if (version == VERSION_4) {
      return readFour(in, to);
    }
    if (version == VERSION_5) {
      return readFive(in, to);
    }
    throw new IOException("not SOCKS: it begins with " + version);
  }

  private static Socks readFour(DataInputStream in, OutputStream to) throws IOException {
    int command = in.readUnsignedByte();
    int port = in.readUnsignedShort();
    byte[] address = new byte[4];
    in.readFully(address);
    text(in); // the user's name, which nobody needs
    boolean named = address[0] == 0 && address[1] == 0 && address[2] == 0 && address[3] != 0;
    String host = named ? text(in) : InetAddress.getByAddress(address).getHostAddress();
    Socks wanted = new Socks(VERSION_4, host, port);
    return wanted.checked(command, to);
  }

  private static Socks readFive(DataInputStream in, OutputStream to) throws IOException {
    byte[] methods = new byte[in.readUnsignedByte()];
    in.readFully(methods);
    boolean open = false;
    for (byte method : methods) {
      open |= method == 0;
    }
    to.write(new byte[] {VERSION_5, (byte) (open ? 0 : 0xff)});
    to.flush();
    if (!open) {
      throw new IOException("the SOCKS client wants to log in");
    }
    if (in.readUnsignedByte() != VERSION_5) {
      throw new IOException("not SOCKS 5");
    }
    int command = in.readUnsignedByte();
    in.readUnsignedByte(); // reserved
    String host =
        switch (in.readUnsignedByte()) {
          case 1 -> address(in, 4);
          case 3 -> name(in);
          case 4 -> address(in, 16);
          default -> "";
        };
    Socks wanted = new Socks(VERSION_5, host, host.isEmpty() ? 0 : in.readUnsignedShort());
    return wanted.checked(command, to);
  }

  private Socks checked(int command, OutputStream to) throws IOException {
    if (command != CONNECT) {
      answer(to, Answer.UNKNOWN_COMMAND);
      throw new IOException("SOCKS command " + command);
    }
    if (host.isEmpty() || port == 0 || host.chars().anyMatch(c -> c <= ' ')) {
      answer(to, Answer.UNKNOWN_ADDRESS);
      throw new IOException("SOCKS without an address");
    }
    return this;
  }

  private static String address(DataInputStream in, int length) throws IOException {
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return InetAddress.getByAddress(bytes).getHostAddress();
  }

  private static String name(DataInputStream in) throws IOException {
    byte[] bytes = new byte[in.readUnsignedByte()];
    in.readFully(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Up to a zero byte. */
  private static String text(DataInputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int b = in.readUnsignedByte(); b != 0; b = in.readUnsignedByte()) {
      bytes.write(b);
      if (bytes.size() > LONGEST_TEXT) {
        throw new IOException("a name in SOCKS is too long");
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** Tells the client what came of it. */
  void answer(OutputStream to, Answer answer) throws IOException {
    byte[] bytes =
        version == VERSION_4
            ? new byte[] {0, (byte) answer.four, 0, 0, 0, 0, 0, 0}
            : new byte[] {VERSION_5, (byte) answer.five, 0, 1, 0, 0, 0, 0, 0, 0};
    to.write(bytes);
    to.flush();
  }
}
