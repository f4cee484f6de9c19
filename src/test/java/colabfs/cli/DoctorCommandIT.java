package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.it.OpenSshServer;
import colabfs.it.Relay;
import colabfs.profile.HostKeyLine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code doctor} with a real server at the other end, and one thing broken after the other. */
@Timeout(120)
final class DoctorCommandIT {
  private static final String OTHER_KEY =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

  @TempDir Path directory;

  private CliRun cli = new CliRun(Path.of("/"));

  @BeforeEach
  void start() throws IOException {
    cli = new CliRun(directory.resolve("config"));
    for (String name : List.of("STATE", "CACHE")) {
      cli.with("XDG_" + name + "_HOME", directory.resolve(name).toString());
    }
    cli.with("XDG_RUNTIME_DIR", Files.createDirectories(directory.resolve("run")).toString());
  }

  private Path serverDirectory() throws IOException {
    return Files.createDirectories(directory.resolve("server"));
  }

  private void profile(OpenSshServer server, String... more) throws IOException {
    profile(server, server.port(), more);
  }

  /** Later options come first, as those that are there stay. */
  private void profile(OpenSshServer server, int port, String... more) throws IOException {
    List<String> line = new ArrayList<>(List.of("init", "p", "--no-check"));
    line.addAll(List.of(more));
    for (String usual :
        List.of(
            "--host=127.0.0.1",
            "--port=" + port,
            "--user=" + server.user(),
            "--key=" + server.privateKey(),
            "--root=" + server.root(),
            "--host-key=" + server.hostKeyLine())) {
      String name = usual.substring(0, usual.indexOf('=') + 1);
      if (line.stream().noneMatch(each -> each.startsWith(name))) {
        line.add(usual);
      }
    }
    assertThat(cli.run(line.toArray(String[]::new))).as(cli.err).isZero();
  }

  private void fails(String check, String... words) {
    assertThat(cli.run("doctor", "p")).as(cli.out + cli.err).isEqualTo(1);
    List<String> failed = cli.out.lines().filter(line -> line.startsWith("fail")).toList();
    assertThat(failed).as(cli.out).hasSize(1);
    assertThat(failed.get(0)).startsWith("fail  " + check + " ");
    assertThat(List.of(words)).allSatisfy(word -> assertThat(failed.get(0)).contains(word));
  }

  private List<Path> everything() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(file -> !file.startsWith(directory.resolve("config"))).sorted().toList();
    }
  }

  @Test
  void everythingWell_isToldAndNothingChanged() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory());
        Relay relay = Relay.start(server.port(), Duration.ofMillis(80), 6_250_000)) {
      profile(server, relay.port());
      List<Path> before = everything();
      assertThat(cli.run("doctor", "p")).as(cli.out).isZero();
      assertThat(cli.out)
          .containsPattern("(?m)^ok +host-key +ssh-ed25519 SHA256:\\S+, as it is pinned$")
          .containsPattern("(?m)^ok +authentication +.* by key ssh-ed25519 .*user_key SHA256:")
          .containsPattern("(?m)^ok +sftp +OpenSSH\\S*")
          .containsPattern("(?m)^ok +round-trip +[89]\\d\\.\\d ms")
          .containsPattern("(?m)^ok +rate-down +\\d\\d\\.\\d Mbit/s from the runtime")
          .containsPattern("(?m)^ok +rate-up +\\d\\d\\.\\d Mbit/s to the runtime")
          .contains(" 0 failed, 0 skipped");
      assertThat(relay.bytesUp()).isLessThan(5 << 20);
      assertThat(relay.bytesDown()).isLessThan(5 << 20);
      assertThat(everything()).isEqualTo(before);
      assertThat(cli.run("doctor", "--json", "-p", "p")).isZero();
      assertThat(cli.out)
          .startsWith("{")
          .contains("\"profile\" : \"p\"", "\"complete\" : true", "\"id\" : \"rate-up\"");
    }
  }

  @Test
  void server_thatIsDown_failsTheTransport() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server);
      server.stop();
      fails("transport", "refuses connections: nothing listens there", "colabfs init");
      assertThat(cli.out)
          .containsPattern("(?m)^- +host-key +skipped, because 'transport' failed$")
          .containsPattern("(?m)^- +rate-up +skipped")
          .containsPattern("(?m)^ok +mount");
    }
  }

  @Test
  void server_thatSaysNothing_failsInTime() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory());
        ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      profile(server, silent.getLocalPort());
      cli.with("COLABFS_MOUNT_TIMEOUT", "1");
      fails("transport", "did not greet as an SSH server within 1 s");
    }
  }

  @Test
  void name_thatIsUnknown_fails() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server, "--host=nowhere.invalid");
      fails("name", "the host name 'nowhere.invalid' is unknown");
      assertThat(cli.out).contains("next: check its spelling");
    }
  }

  @Test
  void hostKey_thatIsAnotherOrUnknown_fails_andIsNotPinned() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server, "--host-key=" + OTHER_KEY);
      fails(
          "host-key",
          "another key than the pinned one",
          HostKeyLine.parse(OTHER_KEY).fingerprint(),
          HostKeyLine.parse(server.hostKeyLine()).fingerprint());
      Path file = directory.resolve("config/colabfs/profiles/p.json");
      String unpinned = Files.readString(file).replaceAll("\\s*\"host_key\" : \"[^\"]*\",", "");
      Files.writeString(file, unpinned);
      fails("host-key", "is not known yet");
      assertThat(cli.out).contains("next: colabfs init p --accept-new-host-key");
      assertThat(file).hasContent(unpinned);
    }
  }

  @Test
  void key_thatIsNotTaken_failsTheAuthentication() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server);
      Files.writeString(server.authorizedKeys(), "");
      fails(
          "authentication", "was refused", "tried: key ssh-ed25519", "the server takes: publickey");
      Files.delete(server.privateKey());
      fails("authentication", "the key file", "does not exist");
    }
  }

  @Test
  void password_isNeverShown() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server);
      Path file = directory.resolve("config/colabfs/profiles/p.json");
      Files.writeString(
          file, Files.readString(file).replace("\"user\"", "\"password\" : \"hunter2\", \"user\""));
      Files.writeString(server.authorizedKeys(), "");
      fails("authentication");
      assertThat(cli.out + cli.err).doesNotContain("hunter2");
      assertThat(cli.run("doctor", "p", "--json")).isEqualTo(1);
      assertThat(cli.out + cli.err).doesNotContain("hunter2");
    }
  }

  @Test
  void server_withoutSftp_fails() throws Exception {
    try (OpenSshServer server =
        OpenSshServer.start(
            serverDirectory(), OpenSshServer.Options.USUAL.withConfig("ForceCommand /bin/false"))) {
      profile(server);
      fails("sftp", "gives no SFTP", "Subsystem sftp internal-sftp");
      assertThat(cli.out).containsPattern("(?m)^ok +authentication");
    }
  }

  @Test
  void root_thatIsMissing_fails() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server, "--root=/no/such/place");
      fails("root", "/no/such/place", "--root");
    }
  }

  @Test
  void runtime_withoutPython_isAWarning() throws Exception {
    Path bin = Files.createDirectories(directory.resolve("bin"));
    for (String name : List.of("sh", "bash", "cat", "date", "head", "uname", "id")) {
      Path program = bin.resolve(name);
      Files.writeString(program, "#!/bin/sh\nexec /bin/%s \"$@\"\n".formatted(name));
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    try (OpenSshServer server =
        OpenSshServer.start(
            serverDirectory(),
            OpenSshServer.Options.USUAL.withConfig(
                "SetEnv HOME=%s PATH=%s".formatted(directory, bin)))) {
      profile(server);
      assertThat(cli.run("doctor", "p")).as(cli.out).isZero();
      assertThat(cli.out)
          .containsPattern("(?m)^warn +python +there is no python3 on the runtime: no helper")
          .contains("next: install Python 3.8 or newer there");
    }
  }

  @Test
  void proxyCommand_runs_orFails() throws Exception {
    Path program =
        Files.writeString(
            directory.resolve("through.py"),
            """
            import os, socket, sys, threading
            server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
            def here():
                while data := server.recv(65536):
                    os.write(1, data)
                os._exit(0)
            threading.Thread(target=here, daemon=True).start()
            while data := os.read(0, 65536):
                server.sendall(data)
            """);
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server, "--proxy-command=python3 " + program + " %h %p");
      assertThat(cli.run("doctor", "p")).as(cli.out).isZero();
      assertThat(cli.out)
          .containsPattern("(?m)^ok +name +the transport looks up 127.0.0.1 itself$")
          .containsPattern("(?m)^ok +transport .*by the profile's transport$");
      profile(server, "--proxy-command=/no/such/program %h");
      fails("transport", "the proxy command cannot be run");
    }
  }

  @Test
  void places_thatAreFullReadOnlyOrOpen_areNamed() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server);
      server.stop();
      Path state = Files.createDirectories(directory.resolve("STATE/colabfs"));
      Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwxr-x---"));
      cli.run("doctor", "p");
      assertThat(cli.out).contains("warn  state-directory").contains("next: chmod 700 " + state);
      Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwx------"));
      run("mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", state.toString());
      try {
        cli.run("doctor", "p");
        assertThat(cli.out).contains("fail  journal-disk").contains("saving may fail");
        run("mount", "-o", "remount,ro", state.toString());
        cli.run("doctor", "p");
        assertThat(cli.out)
            .contains("fail  state-directory    %s cannot be written".formatted(state))
            .contains("-     journal-disk       skipped, because 'state-directory' failed");
      } finally {
        run("umount", state.toString());
      }
    }
  }

  private static void run(String... command) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void profile_thatIsBrokenOrOpen_isNamed_andStays() throws Exception {
    fails("profile", "there is no profile 'p'");
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server);
      Path file = directory.resolve("config/colabfs/profiles/p.json");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
      assertThat(cli.run("doctor", "p")).as(cli.out).isZero();
      assertThat(cli.out).contains("warn  profile").contains("next: chmod 600 " + file);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-r--r--");
      Files.writeString(file, "{\"host\": 1");
      fails("profile", "p.json", "that is not JSON");
      assertThat(cli.out).containsPattern("(?m)^- +name +skipped, because 'profile' failed");
    }
  }

  @Test
  void settings_thatAreBroken_areAFailure_notTheEnd() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(serverDirectory())) {
      profile(server);
      Files.writeString(directory.resolve("config/colabfs/config.json"), "{\"mount.sinc\": 1}");
      fails("config", "no setting 'mount.sinc' (did you mean 'mount.sync'?)");
      assertThat(cli.out).containsPattern("(?m)^ok +rate-up");
    }
  }
}
