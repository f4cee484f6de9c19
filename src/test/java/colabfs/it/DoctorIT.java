package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code doctor} beside a mount, and settings that a mount's process is told of. */
@Timeout(240)
final class DoctorIT {
  @TempDir Path directory;

  @Test
  void mountedProfile_isExaminedThroughItsMount_andUnsentChangesWithoutAMountAreTold()
      throws Exception {
    try (OpenSshServer server =
            OpenSshServer.start(Files.createDirectories(directory.resolve("server")));
        Relay relay = Relay.start(server.port(), Duration.ofMillis(20), 0);
        Cli cli = new Cli(directory.resolve("user"))) {
      cli.works(
          "init",
          "p",
          "--host=127.0.0.1",
          "--port=" + relay.port(),
          "--user=" + server.user(),
          "--key=" + server.privateKey(),
          "--root=" + server.root(),
          "--accept-new-host-key");
      Path mount = Files.createDirectories(directory.resolve("mount"));
      cli.works("config", "set", "mount.cache-size", "64M");
      cli.works("config", "set", "debug", "true");
      cli.works("mount", "p", mount.toString());
      relay.refuse(true); // a second connection is not to be had
      Cli.Ended well = cli.colabfs("doctor", "p");
      assertThat(well.status()).as(well.out()).isZero();
      assertThat(well.out())
          .contains("connected, by the mount at " + mount)
          .containsPattern("(?m)^ok +python +Python 3\\S+ runs the mount's helper")
          .containsPattern("(?m)^ok +round-trip")
          .containsPattern("(?m)^ok +rate-down .*Mbit/s")
          .containsPattern("(?m)^ok +rate-up .*Mbit/s")
          .contains("is connected, nothing unsent");
      assertThat(cli.works("jobs").out()).doesNotContain("while read");
      assertThat(cli.log()).contains(" FINE ");

      assertThat(cli.shell(directory, "ls -la mount").status()).isZero(); // known from now on
      server.stop();
      relay.cut();
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> !cli.works("status", "--json").out().contains("\"connected\""));
      assertThat(cli.shell(directory, "echo unsent > mount/file").status()).isZero();
      assertThat(cli.colabfs("doctor", "p").out())
          .containsPattern("(?m)^warn +mount +.* is reconnecting")
          .containsPattern("(?m)^fail +transport");
      List<ProcessHandle> daemons = cli.daemons();
      daemons.forEach(ProcessHandle::destroyForcibly);
      Awaitility.await().until(() -> daemons.stream().noneMatch(ProcessHandle::isAlive));
      Cli.Ended dead = cli.colabfs("doctor", "p");
      assertThat(dead.status()).isEqualTo(1);
      assertThat(dead.out())
          .containsPattern("(?m)^fail +mount +.* its process has ended")
          .containsPattern("(?m)^warn +journal +1 changes of 'p' \\(1 KiB\\) are not sent");
      cli.works("umount", mount.toString());
      assertThat(cli.colabfs("doctor", "p").out())
          .containsPattern("(?m)^ok +mount +nothing is mounted")
          .containsPattern("(?m)^warn +journal +1 changes of 'p'");
    }
  }

  @Test
  void interrupt_printsWhatIsKnown() throws Exception {
    try (OpenSshServer server =
            OpenSshServer.start(Files.createDirectories(directory.resolve("server")));
        Relay relay = Relay.start(server.port(), Duration.ofMillis(1), 0);
        Cli cli = new Cli(directory.resolve("user"))) {
      cli.works(
          "init",
          "p",
          "--no-check",
          "--host=127.0.0.1",
          "--port=" + relay.port(),
          "--user=" + server.user(),
          "--key=" + server.privateKey(),
          "--host-key=" + server.hostKeyLine(),
          "--root=" + server.root());
      relay.stall(true);
      ProcessBuilder doctor = cli.command("doctor", "p");
      Path out = directory.resolve("out");
      Process process = doctor.redirectOutput(out.toFile()).start();
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> Files.readString(out).contains("\nok    name "));
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
      Cli.Ended ended =
          Cli.await(
              process, Cli.read(process.getInputStream()), Cli.read(process.getErrorStream()));
      assertThat(ended.status()).isEqualTo(130);
      assertThat(Files.readString(out))
          .contains("interrupted, the rest was not looked at")
          .doesNotContain("\nfail");
    }
  }
}
