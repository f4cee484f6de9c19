package colabfs.it;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A real OpenSSH server on 127.0.0.1 with a configuration, a host key and one authorised key of its
 * own, for the user who runs the tests.
 *
 * <p>As root it runs in a mount namespace of its own: it does not see what is mounted later, as a
 * server on another machine would not, so that it can never wait for the mount that it serves.
 *
 * <p>Threading: one thread. Errors: IOException with the server's log when it does not start.
 */
public final class OpenSshServer implements AutoCloseable {
  private static final Path SSHD = Path.of("/usr/sbin/sshd");
  private static final Path SFTP_SERVER = Path.of("/usr/lib/openssh/sftp-server");
  private static final int START_SECONDS = 20;

  private final Path dir;
  private final Options options;
  private final String user = System.getProperty("user.name");
  private final Queue<String> log = new ConcurrentLinkedQueue<>();

  private int port;
  private @Nullable Process process;

  /**
   * What may differ from the usual.
   *
   * @param separateSftp serve files by a process of its own instead of inside sshd
   * @param maxSessions channels that one connection may have; OpenSSH's default is 10
   * @param extraConfig lines for sshd_config, before all others, so that they win (sshd takes the
   *     first value it reads)
   */
  public record Options(boolean separateSftp, int maxSessions, List<String> extraConfig) {
    public static final Options USUAL = new Options(false, 10, List.of());

    public Options {
      extraConfig = List.copyOf(extraConfig);
    }

    public Options withSeparateSftp() {
      return new Options(true, maxSessions, extraConfig);
    }

    public Options withMaxSessions(int sessions) {
      return new Options(separateSftp, sessions, extraConfig);
    }

    public Options withConfig(String... lines) {
      return new Options(separateSftp, maxSessions, List.of(lines));
    }
  }

  private OpenSshServer(Path dir, Options options) {
    this.dir = dir;
    this.options = options;
  }

  /** Makes keys and a configuration in a directory, and starts; the port is a free one. */
  public static OpenSshServer start(Path dir) throws IOException, InterruptedException {
    return start(dir, Options.USUAL);
  }

  /** As {@link #start(Path)}, with something different. */
  public static OpenSshServer start(Path dir, Options options)
      throws IOException, InterruptedException {
    if (!Files.isExecutable(SSHD)) {
      throw new IOException(
          SSHD
              + " is missing. Install it (apt-get install openssh-server), or run scripts/setup --tests.");
    }
    OpenSshServer server = new OpenSshServer(dir.toRealPath(), options);
    Files.createDirectories(server.root());
    server.makeKeys();
    server.port = freePort();
    server.writeConfig();
    server.restart();
    return server;
  }

  /** The port that it listens on, the same after {@link #restart}. */
  public int port() {
    return port;
  }

  /** The login: who runs the tests. */
  public String user() {
    return user;
  }

  /** A private key that may log in, ed25519, in OpenSSH's format, without a passphrase. */
  public Path privateKey() {
    return dir.resolve("user_key");
  }

  /** The host key as in known_hosts, without the host: {@code ssh-ed25519 AAAA...}. */
  public String hostKeyLine() throws IOException {
    String[] fields = Files.readString(dir.resolve("host_key.pub")).trim().split(" ", 3);
    return fields[0] + " " + fields[1];
  }

  /** The public keys that may log in, one a line, read by the server at each login. */
  public Path authorizedKeys() {
    return dir.resolve("authorized_keys");
  }

  /** An empty directory to be served; absolute, links resolved. */
  public Path root() {
    return dir.resolve("content");
  }

  /** What the server has said so far, for the message of a failing test. */
  public String log() {
    return String.join("\n", log);
  }

  /** Kills the server, every session and every command that a session runs. */
  public synchronized void stop() {
    if (process != null) {
      List<ProcessHandle> tree = new ArrayList<>(process.descendants().toList());
      process.destroyForcibly();
      tree.forEach(ProcessHandle::destroyForcibly);
      process.onExit().join();
      process = null;
    }
  }

  /** Stops, if it runs, and starts again on the same port with the same keys. */
  public synchronized void restart() throws IOException, InterruptedException {
    stop();
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      Files.createDirectories(Path.of("/run/sshd")); // sshd's privilege separation wants it
      command.addAll(List.of("unshare", "-m", "--propagation", "private"));
    }
    command.addAll(List.of(SSHD.toString(), "-D", "-e", "-f", config().toString()));
    Process started =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .start();
    process = started;
    CountDownLatch listening = new CountDownLatch(1);
    Thread reader = new Thread(() -> collectLog(started, listening), "sshd-log");
    reader.setDaemon(true);
    reader.start();
    if (!listening.await(START_SECONDS, TimeUnit.SECONDS) || !started.isAlive()) {
      stop();
      throw new IOException("sshd did not start on port " + port + ". It said:\n" + log());
    }
  }

  @Override
  public void close() {
    stop();
  }

  private void collectLog(Process server, CountDownLatch listening) {
    try (BufferedReader lines = server.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        log.add(line);
        if (line.startsWith("Server listening")) {
          listening.countDown();
        }
      }
    } catch (IOException e) {
      log.add("(the log ends: " + e.getMessage() + ")");
    } finally {
      listening.countDown();
    }
  }

  private void makeKeys() throws IOException, InterruptedException {
    for (String name : List.of("host_key", "user_key")) {
      if (!Files.exists(dir.resolve(name))) {
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", dir + "/" + name);
      }
    }
    Files.copy(dir.resolve("user_key.pub"), authorizedKeys(), StandardCopyOption.REPLACE_EXISTING);
  }

  private void writeConfig() throws IOException, InterruptedException {
    List<String> lines = new ArrayList<>(options.extraConfig());
    lines.addAll(
        List.of(
            "ListenAddress 127.0.0.1",
            "Port " + port,
            "HostKey " + dir.resolve("host_key"),
            "AuthorizedKeysFile " + authorizedKeys(),
            "PidFile " + dir.resolve("sshd.pid"),
            "Subsystem sftp " + (options.separateSftp() ? SFTP_SERVER : "internal-sftp"),
            // The login's own start files are not the tests' to run, nor to be killed in.
            "SetEnv HOME=" + dir,
            "MaxSessions " + options.maxSessions(),
            "PubkeyAuthentication yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "StrictModes no",
            // without PAM, sshd turns away accounts whose password is locked, as on some CI images
            "UsePAM " + (isLocked(user) ? "yes" : "no"),
            "UseDNS no",
            "PrintMotd no",
            "LogLevel VERBOSE"));
    Files.write(config(), lines);
    // OpenSSH 9.8 and newer slows down addresses whose logins fail; older ones do not know the word
    if (exitStatus(SSHD.toString(), "-t", "-f", config().toString(), "-o", "PerSourcePenalties=no")
        == 0) {
      lines.add("PerSourcePenalties no");
      Files.write(config(), lines);
    }
  }

  private Path config() {
    return dir.resolve("sshd_config");
  }

  private boolean isRoot() {
    return user.equals("root");
  }

  private static boolean isLocked(String user) throws IOException {
    Path shadow = Path.of("/etc/shadow");
    return Files.isReadable(shadow)
        && Files.readAllLines(shadow).stream().anyMatch(line -> line.startsWith(user + ":!"));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void run(String... command) throws IOException, InterruptedException {
    int status = exitStatus(command);
    if (status != 0) {
      throw new IOException(String.join(" ", command) + " ended with status " + status);
    }
  }

  private static int exitStatus(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }
}
