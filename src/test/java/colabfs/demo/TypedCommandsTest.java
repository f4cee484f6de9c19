package colabfs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class TypedCommandsTest {
  @TempDir Path dir;
  private final StringWriter said = new StringWriter();

  @Test
  void type_showsTheCommandAndWhatItSaid() throws Exception {
    TypedCommands terminal = new TypedCommands(new PrintWriter(said), Map.of("A", "b"), dir);
    assertThat(terminal.type("echo $A; pwd >&2", "b")).isTrue();
    assertThat(said).hasToString("$ echo $A; pwd >&2\nb\n" + dir.toRealPath() + "\n");
  }

  @Test
  void type_commandFailsOrSaysSomethingElse_isFalse() throws Exception {
    TypedCommands terminal = new TypedCommands(new PrintWriter(said), Map.of(), dir);
    assertThat(terminal.type("exit 3", "")).isFalse();
    assertThat(terminal.type("echo one", "two")).isFalse();
    assertThat(said.toString()).contains("(ended with status 3)", "should have contained: two");
  }

  @Test
  void type_leftBehindProcessHoldsTheOutput_isNotWaitedFor() throws Exception {
    TypedCommands terminal = new TypedCommands(new PrintWriter(said), Map.of(), dir);
    assertThat(terminal.type("echo pid=$$; exec sleep 30 & echo $! >pid", "")).isTrue();
    ProcessHandle.of(Long.parseLong(Files.readString(dir.resolve("pid")).trim()))
        .ifPresent(ProcessHandle::destroyForcibly);
  }

  @Test
  void quoted_wordIsTakenAsItIs() throws Exception {
    Path odd = Files.createDirectory(dir.resolve("it's a $HOME"));
    TypedCommands terminal = new TypedCommands(new PrintWriter(said), Map.of(), dir);
    assertThat(terminal.type("cd " + TypedCommands.quoted(odd) + " && pwd", "/it's a $HOME\n"))
        .isTrue();
  }
}
