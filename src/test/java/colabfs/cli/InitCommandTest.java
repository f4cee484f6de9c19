package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InitCommandTest {
  private static final String KEY =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
  private static final String JSON =
      "{\"host\": \"0.tcp.ngrok.io\", \"port\": \"12345\", \"password\": \"hunter2\","
          + " \"username\": \"colablink\", \"remote_root\": \"/content\"}";

  @TempDir Path directory;
  private CliRun cli = new CliRun(Path.of("/"));

  @BeforeEach
  void start() {
    cli = new CliRun(directory);
  }

  private Profile load(String name) throws ProfileException {
    return new ProfileStore(directory.resolve("colabfs")).load(name);
  }

  @Test
  void init_jsonAsArgument_makesTheDefaultProfileAndWarnsOfTheSecret() throws ProfileException {
    assertThat(cli.run("init", "--no-check", JSON)).isZero();

    assertThat(load("default").endpoint()).isEqualTo(new Profile.Tcp("0.tcp.ngrok.io", 12345));
    assertThat(load("default").credentials().password()).isEqualTo("hunter2");
    assertThat(cli.err).contains("history");
    assertThat(cli.out + cli.err).doesNotContain("hunter2");
  }

  @Test
  void init_jsonOnStandardInput_doesNotWarn() throws ProfileException {
    assertThat(cli.withInput(JSON).run("init", "work", "-", "--no-check")).isZero();
    assertThat(load("work").user()).isEqualTo("colablink");
    assertThat(cli.err).isEmpty();
  }

  @Test
  void init_jsonInAFile_optionsWin() throws ProfileException, IOException {
    Path file = Files.writeString(directory.resolve("c.json"), JSON);
    int code = cli.run("init", "@" + file, "w", "--no-check", "--root", "/x", "--user", "me");
    assertThat(code).isZero();
    assertThat(load("w").root()).isEqualTo("/x");
    assertThat(load("w").user()).isEqualTo("me");
    assertThat(load("w").credentials().password()).isEqualTo("hunter2");
  }

  @Test
  void init_missingFile_saysSo() {
    assertThat(cli.run("init", "@/nowhere/c.json", "--no-check")).isEqualTo(1);
    assertThat(cli.err).isEqualTo("colabfs: there is no file /nowhere/c.json\n");
  }

  @Test
  void init_options_makeAProfile() throws ProfileException {
    int code =
        cli.withInput("hunter2\n")
            .run(
                "init",
                "--no-check",
                "--host=h",
                "--port=7",
                "--password-stdin",
                "--host-key",
                "h " + KEY,
                "--proxy-command",
                "nc %h %p");
    assertThat(code).isZero();
    assertThat(load("default").endpoint()).isEqualTo(new Profile.Command("nc %h %p", "h", 7));
    assertThat(load("default").credentials().password()).isEqualTo("hunter2");
    assertThat(load("default").hostKey()).isEqualTo(KEY);
    assertThat(cli.out).contains("SHA256:").doesNotContain("hunter2");
  }

  @Test
  void init_password_isAskedForAtTheTerminal() throws ProfileException {
    cli.withTerminal("hunter2");
    assertThat(cli.run("init", "--no-check", "--host=h", "--password")).as(cli.err).isZero();
    assertThat(cli.questions).containsExactly("Password: ");
    assertThat(load("default").credentials().password()).isEqualTo("hunter2");
    assertThat(cli.out + cli.err).doesNotContain("hunter2");
    assertThat(new CliRun(directory).run("init", "--no-check", "--host=h", "--password"))
        .isEqualTo(1);
  }

  @Test
  void init_passwordCommand_isKeptAsACommand_andReplacesAPassword() throws ProfileException {
    cli.run("init", "--no-check", JSON);
    assertThat(cli.run("init", "--no-check", "--password-command=pass show c")).isZero();
    assertThat(load("default").credentials().passwordCommand()).isEqualTo("pass show c");
    assertThat(load("default").credentials().password()).isNull();
    assertThat(cli.run("profiles", "show")).isZero();
    assertThat(cli.out).contains("asked of: pass show c");
    assertThat(cli.run("init", "--no-check", "--root=/x")).isZero();
    assertThat(load("default").credentials().passwordCommand()).isEqualTo("pass show c");
  }

  @Test
  void init_secretOnTheCommandLine_saysHowToTakeItOutOfTheHistory() {
    cli.with("SHELL", "/bin/bash").run("init", "--no-check", JSON);
    assertThat(cli.err).contains("history -d -2; history -w", "next time: colabfs init -");
    cli.with("SHELL", "/usr/bin/zsh").run("init", "--no-check", JSON);
    assertThat(cli.err).contains("~/.zsh_history");
    cli.with("SHELL", "fish").run("init", "--no-check", JSON);
    assertThat(cli.err).contains("history delete --contains");
    cli.with("SHELL", "/").run("init", "--no-check", JSON);
    assertThat(cli.err).contains("your shell's history");
  }

  @Test
  void init_relativeKey_isStoredAbsolute() throws ProfileException, IOException {
    Path key = Files.writeString(directory.resolve("id"), "");
    Path relative = Path.of("").toAbsolutePath().relativize(key);
    assertThat(cli.run("init", "--no-check", "--host=h", "--key", relative.toString())).isZero();
    assertThat(load("default").credentials().key()).isEqualTo(key.toString());
  }

  @Test
  void init_missingKey_isRefused() {
    assertThat(cli.run("init", "--no-check", "--host=h", "--key", "/nowhere/id")).isEqualTo(1);
    assertThat(cli.err).contains("/nowhere/id");
  }

  @Test
  void init_sameAddress_keepsThePinnedKeyAndReplacesTheSecrets() throws ProfileException {
    cli.run("init", "--no-check", JSON, "--host-key", KEY);
    cli.run("init", "--no-check", "--host=0.tcp.ngrok.io", "--port=12345");
    assertThat(load("default").hostKey()).isEqualTo(KEY);
    assertThat(load("default").credentials()).isEqualTo(Profile.Credentials.NONE);
  }

  @Test
  void init_newAddress_forgetsThePinnedKey() throws ProfileException {
    cli.run("init", "--no-check", JSON, "--host-key", KEY);
    cli.run("init", "--no-check", "--host=0.tcp.ngrok.io", "--port=12346");
    assertThat(load("default").hostKey()).isNull();
  }

  @Test
  void init_existingNameWithoutHost_changesOnlyWhatIsGiven() throws ProfileException {
    cli.run("init", "--no-check", JSON, "--host-key", KEY);
    assertThat(cli.run("init", "--no-check", "--root=/x")).isZero();
    assertThat(load("default").root()).isEqualTo("/x");
    assertThat(load("default").hostKey()).isEqualTo(KEY);
    assertThat(load("default").credentials().password()).isEqualTo("hunter2");
  }

  @Test
  void init_damagedProfile_isMadeAnew() throws ProfileException, IOException {
    cli.run("init", "--no-check", JSON);
    Files.writeString(directory.resolve("colabfs/profiles/default.json"), "{");
    assertThat(cli.run("init", "--no-check", JSON)).isZero();
    assertThat(cli.err).contains("made anew");
    assertThat(load("default").user()).isEqualTo("colablink");
  }

  @Test
  void init_name_comesFromArgumentOptionOrEnvironment() throws ProfileException {
    cli.run("-p", "a", "init", "--no-check", JSON);
    cli.run("init", "-p", "b", "--no-check", JSON);
    cli.run("init", "c", "--no-check", JSON);
    cli.with("COLABFS_PROFILE", "d").run("init", "--no-check", JSON);
    assertThat(load("a").name() + load("b").name() + load("c").name() + load("d").name())
        .isEqualTo("abcd");
  }

  @Test
  void init_wrongUsage_isCode2AndSaysWhy() {
    assertUsage("no server is given", "init");
    assertUsage("two profiles are named", "init", "a", "-p", "b", JSON);
    assertUsage("two names", "init", "a", "b", JSON);
    assertUsage("given twice", "init", JSON, "-");
    assertUsage("cut the JSON at its spaces", "init", "{\"host\":", "\"h\"}");
    assertUsage("standard input cannot hold both", "init", "-", "--password-stdin");
    assertUsage("exclude each other", "init", JSON, "--password", "--password-command=x");
    assertUsage("--accept-new-host-key", "init", JSON, "--no-check", "--accept-new-host-key");
    assertUsage("there is no option '--hots'", "init", "--hots", "h");
  }

  private void assertUsage(String message, String... args) {
    assertThat(cli.run(args)).isEqualTo(2);
    assertThat(cli.err).startsWith("colabfs: ").contains(message, "--help").hasLineCount(1);
  }

  @Test
  void init_badJson_isCode1InOneLine() {
    assertThat(cli.run("init", "{host: hunter2}")).isEqualTo(1);
    assertThat(cli.err).startsWith("colabfs: that is not JSON").hasLineCount(1);
    assertThat(cli.err).doesNotContain("hunter2");
  }
}
