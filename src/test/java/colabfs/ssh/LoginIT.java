package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.it.OpenSshServer;
import colabfs.profile.Profile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logging in to OpenSSH with keys of all kinds. */
@Timeout(60)
final class LoginIT {
  @TempDir Path dir;

  private OpenSshServer server;

  @BeforeEach
  void startServer() throws Exception {
    server = Runtimes.server(Files.createDirectory(dir.resolve("server")));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({
    "ed25519, 256, '', OPENSSH",
    "ed25519, 256, se cret, OPENSSH",
    "ecdsa, 256, '', OPENSSH",
    "ecdsa, 521, se cret, OPENSSH",
    "rsa, 2048, '', OPENSSH",
    "rsa, 2048, se cret, OPENSSH",
    "rsa, 2048, '', PEM",
    "rsa, 2048, se cret, PEM",
    "ecdsa, 256, se cret, PEM"
  })
  void keyFile_ofEachKind_logsIn(String type, String bits, String passphrase, String format)
      throws Exception {
    Path key = makeKey("key", type, bits, passphrase, format);
    authorize(key);
    String given = passphrase.isEmpty() ? null : passphrase;
    assertLogsIn(Runtimes.key(key, given), Runtimes.NOTHING, SecretPrompt.NONE);
  }

  @Test
  void lockedKey_withoutPassphraseInTheProfile_asksOnceAndRemembersForReconnects()
      throws Exception {
    Path key = makeKey("key", "ed25519", "256", "secret", "OPENSSH");
    authorize(key);
    List<String> questions = new ArrayList<>();
    KeyFiles files = new KeyFiles();
    Prompts prompts =
        new Prompts(
            HostKeyPrompt.REFUSE,
            text -> {
              questions.add(text);
              return questions.size() == 1 ? "wrong".toCharArray() : "secret".toCharArray();
            },
            System::nanoTime);
    assertThat(files.load(key, null, prompts)).isSameAs(files.load(key, null, prompts));
    assertThat(questions)
        .containsExactly("Passphrase of " + key + ": ", "Passphrase of " + key + ": ");
    assertLogsIn(Runtimes.key(key, null), Runtimes.NOTHING, text -> "secret".toCharArray());
  }

  @Test
  void lockedKey_withoutAnybodyToAsk_saysWhatToDo() throws Exception {
    Path key = makeKey("key", "ed25519", "256", "secret", "OPENSSH");
    assertRefused(Runtimes.key(key, null), Runtimes.NOTHING)
        .hasMessageContaining("locked by a passphrase")
        .hasMessageContaining("ssh-add");
  }

  @ParameterizedTest
  @CsvSource({"ed25519, OPENSSH", "rsa, PEM"})
  void lockedKey_withWrongPassphrase_saysSo(String type, String format) throws Exception {
    Path key = makeKey("key", type, "2048", "secret", format);
    assertRefused(Runtimes.key(key, "not it"), Runtimes.NOTHING)
        .hasMessageContaining("the profile's passphrase does not unlock the key " + key)
        .hasMessageNotContaining("not it;");
  }

  @Test
  void badKeyFiles_areToldApart() throws Exception {
    Path missing = dir.resolve("missing");
    assertRefused(Runtimes.key(missing, null), Runtimes.NOTHING)
        .hasMessageContaining(missing + " does not exist");
    Path key = makeKey("key", "ed25519", "256", "", "OPENSSH");
    assertRefused(Runtimes.key(Path.of(key + ".pub"), null), Runtimes.NOTHING)
        .hasMessageContaining("is a public key");
    Path damaged = dir.resolve("damaged");
    Files.writeString(damaged, Files.readString(key).replaceAll("[A-Z]{4}\n", "!!\n"));
    assertRefused(Runtimes.key(damaged, null), Runtimes.NOTHING).hasMessageContaining("damaged");
    Path text = Files.writeString(dir.resolve("text"), "hello");
    assertRefused(Runtimes.key(text, null), Runtimes.NOTHING)
        .hasMessageContaining("holds no private key");
    Path putty = Files.writeString(dir.resolve("k.ppk"), "PuTTY-User-Key-File-3: ssh-rsa\n");
    assertRefused(Runtimes.key(putty, null), Runtimes.NOTHING).hasMessageContaining("puttygen");
  }

  @Test
  void wrongKey_saysWhatWasTriedAndWhatTheServerTakes() throws Exception {
    Path key = makeKey("stranger", "ed25519", "256", "", "OPENSSH");
    assertRefused(Runtimes.key(key, null), Runtimes.NOTHING)
        .hasMessageContaining("the login of '" + server.user() + "' was refused")
        .hasMessageContaining("tried: key ssh-ed25519 " + key + " SHA256:")
        .hasMessageContaining("the server takes: publickey")
        .hasMessageContaining("colabfs init");
  }

  @Test
  void nothingToTry_saysSo() throws Exception {
    assertRefused(Profile.Credentials.NONE, Runtimes.NOTHING)
        .hasMessageContaining("nothing could be tried")
        .hasMessageContaining("the server takes: publickey");
  }

  @Test
  void defaultKeys_areTriedWhenNoneIsNamed() throws Exception {
    Path home = Files.createDirectory(dir.resolve("ssh"));
    makeKey("ssh/id_ed25519", "ed25519", "256", "", "OPENSSH");
    authorize(makeKey("ssh/id_ecdsa", "ecdsa", "256", "", "OPENSSH"));
    assertLogsIn(Profile.Credentials.NONE, new Surroundings(home, null, null), SecretPrompt.NONE);
  }

  @Test
  void defaultKeys_thatAreLocked_areAskedForLast() throws Exception {
    Path home = Files.createDirectory(dir.resolve("ssh"));
    authorize(makeKey("ssh/id_ed25519", "ed25519", "256", "secret", "OPENSSH"));
    makeKey("ssh/id_rsa", "rsa", "2048", "", "OPENSSH");
    assertLogsIn(
        Profile.Credentials.NONE,
        new Surroundings(home, null, null),
        text -> "secret".toCharArray());
  }

  @Test
  void ownKey_isTriedAfterTheDefaultOnes_andBeforeAPassphraseIsAskedFor() throws Exception {
    Path home = Files.createDirectory(dir.resolve("ssh"));
    makeKey("ssh/id_ecdsa", "ecdsa", "256", "", "OPENSSH");
    makeKey("ssh/id_rsa", "rsa", "2048", "secret", "OPENSSH");
    OwnKey own = OwnKey.of(Map.of("XDG_CONFIG_HOME", dir.toString()));
    assertThat(own.make()).isTrue();
    Surroundings user = new Surroundings(home, null, own.file());
    assertRefused(Profile.Credentials.NONE, user)
        .hasMessageMatching("(?s).*id_ecdsa .*" + own.file() + " .*");
    Files.writeString(server.authorizedKeys(), own.publicLine() + "\n");
    assertLogsIn(
        Profile.Credentials.NONE,
        user,
        text -> {
          throw new AssertionError("asked for " + text);
        });
  }

  @ParameterizedTest
  @CsvSource({"ed25519, 256", "ecdsa, 384", "rsa, 2048"})
  void agent_signsWithEachKind(String type, String bits) throws Exception {
    Path key = makeKey("key", type, bits, "", "OPENSSH");
    authorize(key);
    try (Agent agent = new Agent()) {
      agent.add(makeKey("other", "ed25519", "256", "", "OPENSSH"));
      agent.add(key);
      Surroundings user = new Surroundings(dir.resolve("nowhere"), agent.socket(), null);
      assertLogsIn(Profile.Credentials.NONE, user, SecretPrompt.NONE);
      assertThat(LoginKeys.of(user))
          .extracting(LoginKeys.LoginKey::where)
          .containsExactly("the ssh-agent (other)", "the ssh-agent (key)");
      assertThat(LoginKeys.of(user).get(1).line()).isEqualTo(LoginKeys.of(key).line());
    }
  }

  @Test
  void agent_unlocksANamedKeyThatIsLocked() throws Exception {
    Path key = makeKey("key", "ed25519", "256", "", "OPENSSH");
    authorize(key);
    try (Agent agent = new Agent()) {
      agent.add(key);
      run("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", key.toString());
      assertLogsIn(
          Runtimes.key(key, null),
          new Surroundings(dir.resolve("nowhere"), agent.socket(), null),
          SecretPrompt.NONE);
    }
  }

  @Test
  void agentWithMoreKeysThanTheServerTries_saysWhatTheServerSays() throws Exception {
    try (Agent agent = new Agent()) {
      for (int i = 0; i < 8; i++) {
        agent.add(makeKey("key" + i, "ed25519", "256", "", "OPENSSH"));
      }
      assertRefused(Profile.Credentials.NONE, new Surroundings(dir, agent.socket(), null))
          .hasMessageContaining("from the ssh-agent (key0)")
          .hasMessageContaining("Too many authentication failures");
    }
  }

  @Test
  void agent_thatIsGone_isMentioned() throws Exception {
    String socket = dir.resolve("agent").toString();
    assertRefused(Profile.Credentials.NONE, new Surroundings(dir, socket, null))
        .hasMessageContaining("the ssh-agent at " + socket + " does not answer");
  }

  private void assertLogsIn(
      Profile.Credentials credentials, Surroundings user, SecretPrompt secrets) throws Exception {
    Profile profile = Runtimes.with(Runtimes.profile(server), credentials);
    SshSettings settings =
        new SshSettings(
            () -> profile,
            null,
            HostKeyPrompt.REFUSE,
            secrets,
            Runtimes.CALL_TIMEOUT,
            Runtimes.CONNECT_TIMEOUT);
    try (SshRemote remote = SshRemote.connect(settings, user)) {
      assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
    } catch (ConnectFailure e) {
      throw new AssertionError(server.log(), e);
    }
  }

  private org.assertj.core.api.AbstractThrowableAssert<?, ?> assertRefused(
      Profile.Credentials credentials, Surroundings user) throws Exception {
    Profile profile = Runtimes.with(Runtimes.profile(server), credentials);
    return assertThatThrownBy(() -> SshRemote.connect(Runtimes.settings(profile), user))
        .isInstanceOfSatisfying(
            ConnectFailure.class,
            failure ->
                assertThat(failure.reason())
                    .as(failure.getMessage())
                    .isEqualTo(ConnectFailure.Reason.AUTHENTICATION));
  }

  private Path makeKey(String name, String type, String bits, String passphrase, String format)
      throws Exception {
    Path key = dir.resolve(name);
    List<String> command =
        new ArrayList<>(List.of("ssh-keygen", "-q", "-t", type, "-b", bits, "-C", name));
    if (format.equals("PEM")) {
      command.addAll(List.of("-m", "PEM"));
    }
    command.addAll(List.of("-N", passphrase, "-f", key.toString()));
    run(command.toArray(String[]::new));
    return key;
  }

  private void authorize(Path key) throws IOException {
    Files.writeString(
        server.authorizedKeys(),
        Files.readString(Path.of(key + ".pub")),
        StandardOpenOption.TRUNCATE_EXISTING);
  }

  private static void run(String... command) throws Exception {
    run(Map.of(), command);
  }

  private static void run(Map<String, String> environment, String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  /** An ssh-agent of the test's own. */
  private final class Agent implements AutoCloseable {
    private final Path socket = dir.resolve("agent.sock");
    private final Process process;

    Agent() throws Exception {
      process = new ProcessBuilder("ssh-agent", "-D", "-a", socket.toString()).start();
      @Nullable String first = process.inputReader(StandardCharsets.UTF_8).readLine();
      assertThat(first).isNotNull();
    }

    String socket() {
      return socket.toString();
    }

    void add(Path key) throws Exception {
      run(Map.of("SSH_AUTH_SOCK", socket()), "ssh-add", "-q", key.toString());
    }

    @Override
    public void close() {
      process.destroy();
      process.onExit().orTimeout(5, TimeUnit.SECONDS).join();
    }
  }
}
