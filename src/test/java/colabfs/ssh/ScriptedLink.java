package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * A link on which the test plays the server: it sees each request and says each byte of the
 * answers. Threading: one thread.
 */
final class ScriptedLink implements SftpLink {

  /** A request as it went out. */
  record Sent(int type, int id, ByteBuffer fields) {
    int int32() {
      return fields.getInt();
    }

    long int64() {
      return fields.getLong();
    }

    String string() {
      byte[] bytes = new byte[fields.getInt()];
      fields.get(bytes);
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  /** Writes the fields of an answer. */
  interface Fields {
    void write(DataOutputStream out) throws IOException;
  }

  private @Nullable Listener listener;
  private final Deque<Sent> sent = new ArrayDeque<>();
  boolean closed;

  @Override
  public void start(Listener newListener) {
    listener = newListener;
  }

  @Override
  public void send(ByteBuffer bytes) {
    if (closed) {
      return;
    }
    ByteBuffer packet = bytes.duplicate();
    assertThat(packet.getInt()).isEqualTo(packet.remaining());
    int type = packet.get() & 0xff;
    sent.add(new Sent(type, packet.getInt(), packet.slice()));
  }

  @Override
  public void close() {
    closed = true;
  }

  /** The oldest request not looked at. */
  Sent next() {
    return sent.remove();
  }

  Sent next(int type) {
    Sent request = next();
    assertThat(SftpConstants.getCommandMessageName(request.type()))
        .isEqualTo(SftpConstants.getCommandMessageName(type));
    return request;
  }

  boolean hasSent() {
    return !sent.isEmpty();
  }

  void arrive(byte[] bytes) {
    listener().received(ByteBuffer.wrap(bytes));
  }

  void arriveByteByByte(byte[] bytes) {
    for (byte one : bytes) {
      arrive(new byte[] {one});
    }
  }

  void cut() {
    listener().closed(new IOException("cut"));
  }

  private Listener listener() {
    if (listener == null) {
      throw new IllegalStateException("not started");
    }
    return listener;
  }

  void version(String... extensions) {
    arrive(
        packet(
            SftpConstants.SSH_FXP_VERSION,
            3,
            out -> {
              for (String name : extensions) {
                string(out, name);
                string(out, "1");
              }
            }));
  }

  void status(Sent request, int code) {
    arrive(status(request.id(), code));
  }

  void attrs(Sent request, int mode, long size) {
    arrive(attrs(request.id(), mode, size));
  }

  void handle(Sent request, String handle) {
    arrive(packet(SftpConstants.SSH_FXP_HANDLE, request.id(), out -> string(out, handle)));
  }

  void data(Sent request, String content) {
    arrive(packet(SftpConstants.SSH_FXP_DATA, request.id(), out -> string(out, content)));
  }

  void names(Sent request, List<byte[]> names) {
    arrive(
        packet(
            SftpConstants.SSH_FXP_NAME,
            request.id(),
            out -> {
              out.writeInt(names.size());
              for (byte[] name : names) {
                out.writeInt(name.length);
                out.write(name);
                string(out, "-rw-r--r--    3 0        0            1234 Nov 21 03:00 name");
                out.writeInt(SftpConstants.SSH_FILEXFER_ATTR_PERMISSIONS);
                out.writeInt(0100644);
              }
            }));
  }

  static byte[] status(int id, int code) {
    return packet(
        SftpConstants.SSH_FXP_STATUS,
        id,
        out -> {
          out.writeInt(code);
          string(out, "words");
          string(out, "");
        });
  }

  static byte[] attrs(int id, int mode, long size) {
    return packet(
        SftpConstants.SSH_FXP_ATTRS,
        id,
        out -> {
          out.writeInt(
              SftpConstants.SSH_FILEXFER_ATTR_SIZE | SftpConstants.SSH_FILEXFER_ATTR_PERMISSIONS);
          out.writeLong(size);
          out.writeInt(mode);
        });
  }

  static byte[] packet(int type, int id, Fields fields) {
    try {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(body);
      out.writeByte(type);
      out.writeInt(id);
      fields.write(out);
      return ByteBuffer.allocate(Integer.BYTES + body.size())
          .putInt(body.size())
          .put(body.toByteArray())
          .array();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void string(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }
}
