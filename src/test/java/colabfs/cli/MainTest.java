package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MainTest {
  @TempDir Path directory;
  private CliRun cli = new CliRun(Path.of("/"));

  @BeforeEach
  void start() {
    cli = new CliRun(directory);
  }

  private void make(String name, String host) {
    String json = "{\"host\": \"" + host + "\", \"password\": \"hunter2\"}";
    assertThat(cli.run("init", name, "--no-check", json)).isZero();
  }

  @Test
  void noCommand_isWrongUsage() {
    assertThat(cli.run()).isEqualTo(2);
    assertThat(cli.err).contains("a command is missing").hasLineCount(1);
  }

  @Test
  void unknownCommand_isNamed() {
    assertThat(cli.run("profile")).isEqualTo(2);
    assertThat(cli.err).contains("there is no command 'profile'").hasLineCount(1);
  }

  @Test
  void versionAndHelp_goToStandardOutput() {
    assertThat(cli.run("--version")).isZero();
    assertThat(cli.out).startsWith("colabfs ");
    assertThat(cli.run("--help")).isZero();
    assertThat(cli.out).contains("Usage: colabfs", "init", "profiles").doesNotContain("\033[");
    assertThat(cli.run("init", "--help")).isZero();
    String help = cli.out;
    assertThat(help).contains("--accept-new-host-key");
    assertThat(cli.run("help", "init")).isZero();
    assertThat(cli.out).isEqualTo(help);
    assertThat(cli.run("help", "nothing")).isEqualTo(2);
  }

  @Test
  void profileOption_beforeAndAfterTheCommand_winsOverTheEnvironment() {
    make("a", "host-a");
    make("b", "host-b");
    make("default", "host-c");
    cli.run("profiles", "show");
    assertThat(cli.out).contains("host-c");
    cli.with("COLABFS_PROFILE", "a").run("profiles", "show");
    assertThat(cli.out).contains("host-a");
    cli.run("-p", "b", "profiles", "show");
    assertThat(cli.out).contains("host-b");
    cli.run("profiles", "show", "--profile=b");
    assertThat(cli.out).contains("host-b");
    cli.run("profiles", "-p", "b", "show");
    assertThat(cli.out).contains("host-b");
  }

  @Test
  void profiles_listShowDefaultRemove_workWithoutSecrets() {
    assertThat(cli.run("profiles")).isZero();
    assertThat(cli.out).isEmpty();
    assertThat(cli.err).contains("no profile yet");
    make("a", "host-a");
    make("b", "::1");
    assertThat(cli.run("profiles", "default", "b")).isZero();
    assertThat(cli.run("profiles", "default")).isZero();
    assertThat(cli.out).isEqualTo("b\n");
    assertThat(cli.run("profiles")).isZero();
    assertThat(cli.out).isEqualTo("  a     root@host-a  /content\n* b     root@[::1]   /content\n");
    assertThat(cli.run("profiles", "list", "--json")).isZero();
    assertThat(cli.out).contains("\"version\" : 1", "\"name\" : \"a\"").doesNotContain("hunter2");
    assertThat(cli.run("profiles", "show", "a", "--json")).isZero();
    assertThat(cli.out).contains("\"has_password\" : true").doesNotContain("hunter2");
    assertThat(cli.run("profiles", "show", "a")).isZero();
    assertThat(cli.out).contains("kept, not shown").doesNotContain("hunter2");
    assertThat(cli.run("profiles", "remove", "a", "b")).isZero();
    assertThat(cli.run("profiles", "remove", "a")).isEqualTo(1);
    assertThat(cli.err).startsWith("colabfs: there is no profile 'a'");
  }

  @Test
  void profiles_oneIsDamaged_theOthersAreListedAndTheCodeIs1() throws IOException {
    make("a", "host-a");
    make("b", "host-b");
    Files.writeString(directory.resolve("colabfs/profiles/a.json"), "{");
    assertThat(cli.run("profiles")).isEqualTo(1);
    assertThat(cli.out).contains("host-b");
    assertThat(cli.err).contains("a.json").hasLineCount(1);
  }

  @Test
  void failure_withDebugging_hasAStackTrace() {
    assertThat(cli.run("profiles", "show", "x")).isEqualTo(1);
    assertThat(cli.err).hasLineCount(1);
    assertThat(cli.with("COLABFS_DEBUG", "1").run("profiles", "show", "x")).isEqualTo(1);
    assertThat(cli.err).contains("\tat colabfs.profile.ProfileStore");
  }

  @Test
  void message_ofAnyFailure_isOneLineWithoutControlCharacters() {
    assertThat(Failures.message(new IOException("a\r\n  b\033[31m\0")))
        .isEqualTo("input or output failed: a b?[31m?");
    assertThat(Failures.message(new IllegalStateException("x"))).startsWith("internal error: ");
    assertThat(Failures.message(new Exception())).isEqualTo("java.lang.Exception");
  }

  @Test
  void classTraining_alone_leavesOnlyItsProfile() {
    ClassTraining.runAlone(directory);
    assertThat(directory.resolve("colabfs/profiles/training.json")).exists();
  }
}
