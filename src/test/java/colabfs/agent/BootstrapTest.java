package colabfs.agent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program as it is sent, run by a shell of this machine: all parts of it have arrived. */
final class BootstrapTest {
  private static final int START = 0x20;
  private static final int ATTACH = 0x21;
  private static final int REMOVE = 0x26;
  private static final int OUTPUT = 0x88;
  private static final String JOB = "0123456789abcdef";

  @TempDir Path directory;

  @Test
  void line_showsNoPath() {
    assertThat(Bootstrap.commandLine(new byte[1234])).contains("1234").doesNotContain("/");
  }

  @Test
  @Timeout(60)
  void program_startsHelperNurseryAndSupervisor() throws IOException, InterruptedException {
    byte[] program = Bootstrap.program();
    ProcessBuilder shell = new ProcessBuilder("/bin/sh", "-c", Bootstrap.commandLine(program));
    shell.environment().put("XDG_STATE_HOME", directory.resolve("state").toString());
    shell.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process helper = shell.start();
    try (DataOutputStream out = new DataOutputStream(helper.getOutputStream());
        DataInputStream in = new DataInputStream(helper.getInputStream())) {
      out.write(program);
      send(out, Protocol.HELLO, 0, payload(0, 0, 0, 1, directory.toString()));
      assertThat(in.readNBytes(Protocol.MAGIC.length)).isEqualTo(Protocol.MAGIC);
      assertThat(answer(in, Protocol.WELCOME)).contains(" jobs");

      byte[] none = new byte[16];
      send(out, START, 1, start(directory, "echo it ran; exit 3"));
      send(out, ATTACH, 2, payload(JOB, none, new byte[] {1, 0, 0, 0}));
      answer(in, Protocol.DONE);
      assertThat(answer(in, OUTPUT)).hasSize(33);
      assertThat(answer(in, OUTPUT)).contains("it ran");
      assertThat(answer(in, Protocol.DONE)).startsWith("\0\0\0\3");
      send(out, REMOVE, 3, payload(JOB));
      answer(in, Protocol.DONE);
    } finally {
      helper.destroy();
    }
    assertThat(helper.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(directory.resolve("state/colabfs/jobs")).isEmptyDirectory();
  }

  private static byte[] start(Path cwd, String line) throws IOException {
    byte[] nothing = new byte[13]; // flags, rows, columns, TERM; then how much is kept
    byte[] none = new byte[4];
    byte[] length = {0, 0, 0, (byte) line.length()};
    byte[] command = line.getBytes(US_ASCII);
    return payload(JOB, nothing, new byte[2], cwd.toString(), none, length, command, none);
  }

  /** Numbers as bytes, strings as texts with their length, and bytes as they are. */
  private static byte[] payload(Object... fields) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    for (Object field : fields) {
      if (field instanceof String text) {
        byte[] encoded = text.getBytes(UTF_8);
        out.writeShort(encoded.length);
        out.write(encoded);
      } else if (field instanceof byte[] raw) {
        out.write(raw);
      } else {
        out.write((int) field);
      }
    }
    return bytes.toByteArray();
  }

  private static void send(DataOutputStream out, int kind, int number, byte[] payload)
      throws IOException {
    out.writeInt(payload.length + Protocol.HEAD_BYTES);
    out.write(kind);
    out.writeInt(number);
    out.write(payload);
    out.flush();
  }

  private static String answer(DataInputStream in, int wanted) throws IOException {
    byte[] payload = new byte[in.readInt() - Protocol.HEAD_BYTES];
    assertThat(in.readUnsignedByte()).isEqualTo(wanted);
    in.readInt();
    in.readFully(payload);
    return new String(payload, ISO_8859_1);
  }
}
