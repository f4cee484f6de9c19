package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.RemotePath;
import colabfs.profile.Profile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.sshd.common.file.virtualfs.VirtualFileSystemFactory;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.keyboard.DefaultKeyboardInteractiveAuthenticator;
import org.apache.sshd.server.auth.keyboard.InteractiveChallenge;
import org.apache.sshd.server.auth.keyboard.KeyboardInteractiveAuthenticator;
import org.apache.sshd.server.auth.keyboard.PromptEntry;
import org.apache.sshd.server.auth.keyboard.UserAuthKeyboardInteractiveFactory;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.keyprovider.SimpleGeneratorHostKeyProvider;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.sftp.server.SftpSubsystemFactory;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Passwords and questions, against MINA's own server, which also runs no commands. */
@Timeout(60)
final class PasswordIT {
  @TempDir Path dir;

  private SshServer server;

  @BeforeEach
  void startServer() throws Exception {
    Files.writeString(dir.resolve("file"), "hello");
    server = SshServer.setUpDefaultServer();
    server.setHost("127.0.0.1");
    server.setKeyPairProvider(new SimpleGeneratorHostKeyProvider());
    server.setFileSystemFactory(new VirtualFileSystemFactory(dir));
    server.setSubsystemFactories(List.of(new SftpSubsystemFactory()));
    server.setPasswordAuthenticator((user, password, session) -> password.equals("open sesame"));
    server.setUserAuthFactories(List.of(UserAuthPasswordFactory.INSTANCE));
    server.start();
  }

  @AfterEach
  void stopServer() throws Exception {
    server.stop(true);
  }

  @Test
  void passwordOfTheProfile_logsIn() throws Exception {
    try (SshRemote remote = connect("open sesame", SecretPrompt.NONE)) {
      assertThat(remote.fs().lstat(RemotePath.of("/file"))).succeedsWithin(Duration.ofSeconds(5));
      Awaitility.await()
          .atMost(Duration.ofSeconds(5))
          .until(() -> remote.status().roundTrip() != null);
    }
  }

  @Test
  void serverThatRunsNoCommands_identityIsTheHomesOwner() throws Exception {
    try (SshRemote remote = connect("open sesame", SecretPrompt.NONE)) {
      assertThat(remote.identity().uid()).isEqualTo((Integer) Files.getAttribute(dir, "unix:uid"));
      assertThat(remote.shell().start("true")).failsWithin(Duration.ofSeconds(5));
    }
  }

  @Test
  void passwordOfACommand_logsIn_andIsAskedForAtEachLogin() throws Exception {
    Path asked = dir.resolve("asked");
    String command = "sh -c 'echo x >>" + asked + "; echo open sesame'";
    Profile.Credentials credentials = new Profile.Credentials(null, null, null, command);
    for (int login = 1; login <= 2; login++) {
      try (SshRemote remote = connectWith(credentials, SecretPrompt.NONE)) {
        assertThat(remote.fs().lstat(RemotePath.of("/file"))).succeedsWithin(Duration.ofSeconds(5));
      }
      assertThat(asked).content().hasLineCount(login);
    }
  }

  @Test
  void passwordCommandThatFails_isNamedInTheReport_andNothingItPrinted() {
    Profile.Credentials credentials =
        new Profile.Credentials(null, null, null, "sh -c 'echo hunter2; echo locked >&2; exit 1'");
    assertThatThrownBy(() -> connectWith(credentials, SecretPrompt.NONE))
        .hasMessageContaining("the password command ended with status 1 and said: locked")
        .hasMessageContaining("colabfs init --password-command")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void wrongPassword_saysSoWithoutThePassword() {
    assertThatThrownBy(() -> connect("guess", SecretPrompt.NONE))
        .isInstanceOfSatisfying(
            ConnectFailure.class,
            e -> assertThat(e.reason()).isEqualTo(ConnectFailure.Reason.AUTHENTICATION))
        .hasMessageContaining("tried: password")
        .hasMessageContaining("the server takes: password")
        .hasMessageNotContaining("guess");
  }

  @Test
  void noPasswordAnywhere_saysToPutItIntoTheProfile() {
    assertThatThrownBy(() -> connect(null, SecretPrompt.NONE))
        .hasMessageContaining("nothing could be tried")
        .hasMessageContaining("Put the password into the profile");
  }

  @Test
  void passwordThatIsAskedFor_isRememberedForTheReconnect() throws Exception {
    List<String> questions = new ArrayList<>();
    SecretPrompt once =
        text -> {
          questions.add(text);
          return questions.size() == 1 ? "open sesame".toCharArray() : null;
        };
    try (SshRemote remote = connect(null, once)) {
      server.getActiveSessions().forEach(session -> session.close(true));
      Awaitility.await().until(() -> remote.status().state() == LinkStatus.State.RECONNECTING);
      Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .until(() -> remote.status().state() == LinkStatus.State.CONNECTED);
      assertThat(questions).containsExactly("Password of somebody: ");
    }
  }

  @Test
  void keyboardInteractive_isAnsweredWithTheProfilesPassword() throws Exception {
    server.setUserAuthFactories(List.of(UserAuthKeyboardInteractiveFactory.INSTANCE));
    server.setKeyboardInteractiveAuthenticator(DefaultKeyboardInteractiveAuthenticator.INSTANCE);
    try (SshRemote remote = connect("open sesame", SecretPrompt.NONE)) {
      assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
    }
    assertThatThrownBy(() -> connect("guess", SecretPrompt.NONE))
        .hasMessageContaining("tried: keyboard-interactive");
  }

  @Test
  void keyboardInteractive_otherQuestionsGoToTheUser() throws Exception {
    server.setUserAuthFactories(List.of(UserAuthKeyboardInteractiveFactory.INSTANCE));
    server.setKeyboardInteractiveAuthenticator(new PasswordAndCode());
    List<String> questions = new ArrayList<>();
    SecretPrompt code =
        text -> {
          questions.add(text);
          return "123456".toCharArray();
        };
    try (SshRemote remote = connect("open sesame", code)) {
      assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
      assertThat(questions).containsExactly("Code: ");
    }
  }

  @Test
  void slowUser_losesNoConnection() throws Exception {
    SecretPrompt slow =
        text -> {
          // longer than a step of connecting may take
          Awaitility.await().pollDelay(Duration.ofMillis(2_500)).until(() -> true);
          return "open sesame".toCharArray();
        };
    try (SshRemote remote = connect(null, slow)) {
      assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
    }
  }

  @Test
  void serverWithoutSftp_saysSo() {
    server.setSubsystemFactories(List.of());
    assertThatThrownBy(() -> connect("open sesame", SecretPrompt.NONE))
        .isInstanceOfSatisfying(
            ConnectFailure.class,
            e -> assertThat(e.reason()).isEqualTo(ConnectFailure.Reason.NO_SFTP))
        .hasMessageContaining("gives no SFTP");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void serverThatOnlyCallsItselfOpenSsh_letsInAllTheSame(boolean takesKey) throws Exception {
    CoreModuleProperties.SERVER_IDENTIFICATION.set(server, "OpenSSH_9.9");
    server.setPublickeyAuthenticator((user, key, session) -> takesKey);
    server.setUserAuthFactories(
        List.of(UserAuthPublicKeyFactory.INSTANCE, UserAuthPasswordFactory.INSTANCE));
    Path key = dir.resolve("key");
    assertThat(
            new ProcessBuilder("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString())
                .start()
                .waitFor())
        .isZero();
    Profile.Credentials both = new Profile.Credentials("open sesame", key.toString(), null);
    try (SshRemote remote = connectWith(both, SecretPrompt.NONE)) {
      assertThat(remote.loginWay()).startsWith(takesKey ? "key ssh-ed25519" : "password");
      assertThat(remote.fs().list(RemotePath.ROOT).get()).extracting("name").contains("file");
    }
  }

  private SshRemote connect(@Nullable String password, SecretPrompt secrets) throws ConnectFailure {
    return connectWith(new Profile.Credentials(password, null, null), secrets);
  }

  private SshRemote connectWith(Profile.Credentials credentials, SecretPrompt secrets)
      throws ConnectFailure {
    Profile profile =
        new Profile(
            "test",
            new Profile.Tcp("127.0.0.1", server.getPort()),
            "somebody",
            credentials,
            null,
            "/",
            null);
    return SshRemote.connect(
        new SshSettings(
            () -> profile,
            null,
            HostKeyPrompt.ACCEPT,
            secrets,
            Runtimes.CALL_TIMEOUT,
            Duration.ofSeconds(2)),
        Runtimes.NOTHING);
  }

  /** Asks two things at once, as a server with a second factor does. */
  private static final class PasswordAndCode implements KeyboardInteractiveAuthenticator {
    @Override
    public InteractiveChallenge generateChallenge(
        ServerSession session, String username, String lang, String subMethods) {
      InteractiveChallenge challenge = new InteractiveChallenge();
      challenge.setInteractionName("two factors");
      challenge.setPrompts(
          List.of(new PromptEntry("Password: ", false), new PromptEntry("Code: ", true)));
      return challenge;
    }

    @Override
    public boolean authenticate(ServerSession session, String username, List<String> responses) {
      return Map.of(0, "open sesame", 1, "123456").entrySet().stream()
          .allMatch(entry -> responses.get(entry.getKey()).equals(entry.getValue()));
    }
  }
}
