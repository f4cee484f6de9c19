package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.it.OpenSshServer;
import colabfs.profile.HostKeyLine;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code init} with a real server at the other end. */
@Timeout(60)
final class InitCommandIT {
  private static final String OTHER_KEY =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

  @TempDir Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private OpenSshServer server;

  private CliRun cli = new CliRun(Path.of("/"));

  @BeforeEach
  void start() throws IOException, InterruptedException {
    server = OpenSshServer.start(Files.createDirectories(directory.resolve("server")));
    cli = new CliRun(directory.resolve("config"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private int init(String... more) {
    List<String> line =
        new ArrayList<>(
            List.of(
                "init",
                "--host=127.0.0.1",
                "--port=" + server.port(),
                "--user=" + server.user(),
                "--key=" + server.privateKey()));
    line.addAll(List.of(more));
    if (line.stream().noneMatch(word -> word.startsWith("--root="))) {
      line.add("--root=" + server.root());
    }
    return cli.run(line.toArray(String[]::new));
  }

  private ProfileStore store() {
    return new ProfileStore(directory.resolve("config/colabfs"));
  }

  private String fingerprint() throws IOException, ProfileException {
    return HostKeyLine.parse(server.hostKeyLine()).fingerprint();
  }

  @Test
  void init_acceptingTheNewHostKey_pinsItAndRecordsTheServer()
      throws IOException, ProfileException {
    assertThat(init("--accept-new-host-key")).as(cli.err).isZero();

    Profile profile = store().load("default");
    assertThat(profile.hostKey()).isEqualTo(server.hostKeyLine());
    Profile.ServerFacts facts = Objects.requireNonNull(profile.server());
    assertThat(facts.software()).contains("OpenSSH");
    assertThat(facts.extensions()).contains("posix-rename@openssh.com");
    assertThat(cli.out)
        .contains(fingerprint(), "OpenSSH", "posix-rename", "round trip", server.root().toString());
    assertThat(cli.err).isEmpty();
    Path file = directory.resolve("config/colabfs/profiles/default.json");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void init_unknownHostKeyWithoutTerminal_isRefusedWithItsFingerprint()
      throws IOException, ProfileException {
    assertThat(init()).isEqualTo(1);
    assertThat(cli.err).contains(fingerprint(), "--accept-new-host-key").hasLineCount(1);
    assertThat(store().names()).isEmpty();
    assertThat(cli.questions).isEmpty();
  }

  @Test
  void init_unknownHostKeyOnATerminal_isAskedFor() throws IOException, ProfileException {
    assertThat(init("-p", "no")).isEqualTo(1);
    cli.withTerminal("no");
    assertThat(init("-p", "no")).isEqualTo(1);
    assertThat(store().exists("no")).isFalse();
    cli.withTerminal("perhaps", "yes");
    assertThat(init("-p", "yes")).as(cli.err).isZero();
    assertThat(cli.err).contains("ssh-ed25519 " + fingerprint());
    assertThat(store().load("yes").hostKey()).isEqualTo(server.hostKeyLine());
  }

  @Test
  void init_givenHostKey_asksNothing() throws IOException {
    assertThat(init("--host-key", server.hostKeyLine())).as(cli.err).isZero();
    assertThat(cli.questions).isEmpty();
  }

  @Test
  void init_otherHostKeyThanTheGivenOne_isRefusedEvenWhenNewOnesAreAccepted()
      throws ProfileException {
    assertThat(init("--host-key", OTHER_KEY, "--accept-new-host-key")).isEqualTo(1);
    assertThat(cli.err).hasLineCount(1);
    assertThat(store().names()).isEmpty();
  }

  @Test
  void init_again_usesThePinnedKey() throws IOException, ProfileException {
    assertThat(init("--accept-new-host-key")).as(cli.err).isZero();
    assertThat(init()).as(cli.err).isZero();
    assertThat(store().load("default").hostKey()).isEqualTo(server.hostKeyLine());
  }

  @Test
  void init_keyThatMayNotLogIn_isRefusedAndNothingIsSaved()
      throws IOException, InterruptedException, ProfileException {
    Files.writeString(server.authorizedKeys(), "");
    assertThat(init("--accept-new-host-key")).isEqualTo(1);
    assertThat(cli.err).hasLineCount(1);
    assertThat(store().names()).isEmpty();
  }

  @Test
  void init_wrongPassword_isRefusedWithoutShowingIt() {
    String json =
        "{\"host\": \"127.0.0.1\", \"port\": %d, \"user\": \"%s\", \"password\": \"hunter2\"}"
            .formatted(server.port(), server.user());
    cli.withInput(json);
    assertThat(cli.with("COLABFS_DEBUG", "1").run("init", "-", "--accept-new-host-key"))
        .isEqualTo(1);
    assertThat(cli.out + cli.err).doesNotContain("hunter2");
  }

  @Test
  void init_nobodyListens_isRefusedAndNothingIsSaved() throws ProfileException {
    server.stop();
    assertThat(init("--accept-new-host-key")).isEqualTo(1);
    assertThat(cli.err).contains("nothing was saved").hasLineCount(1);
    assertThat(store().names()).isEmpty();
  }

  @Test
  void init_missingRoot_isRefused() throws ProfileException {
    assertThat(init("--accept-new-host-key", "--root=/nowhere/at/all")).isEqualTo(1);
    assertThat(cli.err).contains("/nowhere/at/all").hasLineCount(1);
    assertThat(store().names()).isEmpty();
  }

  @Test
  void classTraining_connectedAndMounted_succeeds() throws IOException, InterruptedException {
    assertThat(ClassTraining.runConnected(Files.createDirectory(directory.resolve("training"))))
        .isZero();
  }
}
