package colabfs.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * OpenSSH's own programs as clients of a server on 127.0.0.1: they look at nothing of the user's
 * own, log in with one key, and trust exactly one host key.
 */
public final class OpenSshClient {
  private final Path dir;
  private final int port;
  private final String user;
  private final String hostKeyLine;

  /** How a command ended: its status (255 when ssh itself failed), and its output. */
  public record Ended(int status, String output) {}

  /**
   * A client that keeps its known_hosts file in a directory.
   *
   * @param hostKeyLine the trusted key as in known_hosts, without the host
   */
  public OpenSshClient(Path dir, int port, String user, String hostKeyLine) {
    this.dir = dir;
    this.port = port;
    this.user = user;
    this.hostKeyLine = hostKeyLine;
  }

  /** A client of that server. */
  public static OpenSshClient of(OpenSshServer server, Path dir) throws IOException {
    return new OpenSshClient(dir, server.port(), server.user(), server.hostKeyLine());
  }

  /** Runs a command line on the server with nothing on its input. */
  public Ended ssh(Path key, String line) throws IOException, InterruptedException {
    Process ssh = command("ssh", key, "127.0.0.1", line).start();
    ssh.getOutputStream().close();
    return ended(ssh);
  }

  /** Has sftp carry out a batch, one command a line. */
  public Ended sftp(Path key, String batch) throws IOException, InterruptedException {
    Process sftp = command("sftp", key, "-b", "-", "127.0.0.1").redirectErrorStream(true).start();
    sftp.outputWriter().append(batch).append('\n').close();
    return ended(sftp);
  }

  /** A command of {@code ssh} or {@code sftp} with these arguments, to be started. */
  public ProcessBuilder command(String program, Path key, String... arguments) throws IOException {
    Path known = dir.resolve("known_hosts");
    Files.writeString(known, "[127.0.0.1]:" + port + " " + hostKeyLine + "\n");
    List<String> command = new ArrayList<>(List.of(program, "-F", "none", "-i", key.toString()));
    for (String option :
        List.of(
            "Port=" + port,
            "User=" + user,
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=yes",
            "UserKnownHostsFile=" + known)) {
      command.addAll(List.of("-o", option));
    }
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
  }

  private static Ended ended(Process process) throws IOException, InterruptedException {
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), output);
  }
}
