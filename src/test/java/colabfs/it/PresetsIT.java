package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs that lead to a server, by stand-ins that take the same arguments. */
@Timeout(120)
final class PresetsIT {
  @TempDir Path dir;

  private OpenSshServer server;
  private Cli cli;
  private Path bin;
  private Path arguments;

  @BeforeEach
  void start() throws Exception {
    server = OpenSshServer.start(Files.createDirectories(dir.resolve("server")));
    cli = new Cli(Files.createDirectories(dir.resolve("user")));
    bin = Files.createDirectories(dir.resolve("bin"));
    arguments = dir.resolve("arguments");
  }

  @AfterEach
  void stop() throws Exception {
    cli.close();
    server.close();
  }

  private void program(String name, String body) throws IOException {
    Path file = Files.writeString(bin.resolve(name), "#!/bin/bash\n" + body);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Cli.Ended init(String... way) throws Exception {
    List<String> words = new java.util.ArrayList<>(List.of("init", "work"));
    words.addAll(List.of(way));
    words.addAll(
        List.of(
            "--key=" + server.privateKey(),
            "--user=" + server.user(),
            "--root=" + server.root(),
            "--accept-new-host-key"));
    ProcessBuilder command = cli.command(words.toArray(String[]::new));
    command.environment().merge("PATH", bin + ":", (path, ours) -> ours + path);
    return cli.run(command, "");
  }

  @ParameterizedTest
  @CsvSource({
    "cloudflared, cloudflared, ssh.example.com, access ssh --hostname ssh.example.com",
    "gcloud, gcloud, my-vm, compute ssh my-vm --quiet -- -W localhost:22",
    "colab=trainer, colab, '', ssh --proxy-mode -s trainer",
    "jump=me@gate.example, ssh, box, -W box:22 me@gate.example",
  })
  void preset_runsItsProgram_withItsArguments(
      String way, String program, String host, String expected) throws Exception {
    program(
        program,
        "printf '%s\\n' \"$@\" >"
            + arguments
            + "; exec 3<>/dev/tcp/127.0.0.1/"
            + server.port()
            + "; cat <&3 & cat >&3; kill $!\n");
    Cli.Ended ended = host.isEmpty() ? init("--via", way) : init("--via", way, "--host", host);
    assertThat(ended.status()).as(ended.toString()).isZero();
    assertThat(Files.readAllLines(arguments)).containsExactly(expected.split(" ", -1));
  }

  @Test
  void program_thatFails_itsLastWordsAreTold() throws Exception {
    program("cloudflared", "echo 'failed to connect: websocket: bad handshake' >&2; exit 1\n");
    Cli.Ended ended = init("--via=cloudflared", "--host=ssh.example.com");
    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.err())
        .contains("bad handshake")
        .contains("ended with status 1")
        .contains("Try the proxy command by hand");
  }

  @ParameterizedTest
  @CsvSource({"jump=-oProxyCommand=x", "jump=", "colab=a b", "cloudflared=x", "telepathy"})
  void unknownWay_isWrongUsage(String way) throws Exception {
    Cli.Ended ended = init("--via", way);
    assertThat(ended.status()).isEqualTo(2);
    assertThat(ended.err()).contains("--via takes cloudflared, gcloud, colab=SESSION or jump=HOST");
  }
}
