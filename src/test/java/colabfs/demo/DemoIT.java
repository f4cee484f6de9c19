package colabfs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demonstration's own part, with something else in the place of colabfs. */
@Timeout(60)
final class DemoIT {
  @TempDir Path dir;
  private final StringWriter said = new StringWriter();

  @Test
  void show_aCommandFails_saysSoWithTheLogsAndLeavesNothingBehind() throws Exception {
    Demo demo = Demo.prepare(launcher("echo why >$XDG_STATE_HOME/log; exit 9"), null, out());
    assertThat(demo.show()).isFalse();
    assertThat(demo.end()).isTrue();
    assertThat(said.toString())
        .contains("\"host\": \"127.0.0.1\"", "$ colabfs init", "status 9", "why")
        .doesNotContain("$ colabfs mount");
    assertThat(privateDirectory(said.toString())).doesNotExist();
  }

  @Test
  void close_twice_isDoneOnce() throws Exception {
    Demo demo = Demo.prepare(launcher("exit 0"), dir, out());
    demo.close();
    demo.close();
    assertThat(demo.show()).isFalse();
    assertThat(said.toString()).doesNotContain("$ colabfs");
  }

  private PrintWriter out() {
    return new PrintWriter(said, true);
  }

  private Path launcher(String body) throws IOException {
    Path file = Files.writeString(dir.resolve("launcher"), "#!/bin/sh\n" + body + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** The demonstration's temporary directory, which its output names. */
  static Path privateDirectory(String output) {
    Matcher key = Pattern.compile("\"key\": \"(.*)/runtime/key\"").matcher(output);
    assertThat(key.find()).as(output).isTrue();
    return Path.of(key.group(1));
  }
}
