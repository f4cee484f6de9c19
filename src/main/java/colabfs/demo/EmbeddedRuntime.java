package colabfs.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Duration;
import java.util.List;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.sftp.SftpModuleProperties;
import org.apache.sshd.sftp.server.SftpSubsystemFactory;

/**
 * A runtime inside this process: MINA's SSH server on 127.0.0.1 with SFTP, commands and shells, a
 * fresh host key, and one fresh key that may log in. It serves a directory that looks like Colab's
 * {@code /content}, as the user who runs it: it keeps nobody out of the rest of the disk, so only
 * the holder of that key can reach it.
 *
 * <p>Threading: one thread starts and closes it.
 */
public final class EmbeddedRuntime implements AutoCloseable {
  /** The most that OpenSSH's server returns to one read; MINA's own limit is 64,512 bytes. */
  private static final int MAX_READ_BYTES = 261_120;

  private static final List<String> SAMPLES =
      List.of("README.md", "california_housing_test.csv", "anscombe.json");

  private final SshServer server;
  private final String hostKeyLine;
  private final Path privateKey;
  private final Path root;

  private EmbeddedRuntime(SshServer server, String hostKeyLine, Path privateKey, Path root) {
    this.server = server;
    this.hostKeyLine = hostKeyLine;
    this.privateKey = privateKey;
    this.root = root;
  }

  /**
   * Starts a runtime that keeps all it has in a directory: {@code content} is served, {@code home}
   * is the login's home, {@code key} is the private key that may log in.
   */
  public static EmbeddedRuntime start(Path dir) throws IOException {
    Path real = dir.toRealPath();
    Path root = Files.createDirectories(real.resolve("content"));
    Path home = Files.createDirectories(real.resolve("home"));
    writeSamples(Files.createDirectories(root.resolve("sample_data")));
    KeyPair hostKey = newKey();
    KeyPair userKey = newKey();
    Path privateKey = real.resolve("key");
    writePrivateKey(userKey, privateKey);

    SshServer server = SshServer.setUpDefaultServer();
    server.setHost("127.0.0.1");
    server.setPort(0);
    server.setKeyPairProvider(KeyPairProvider.wrap(hostKey));
    server.setPublickeyAuthenticator(
        (user, key, session) -> KeyUtils.compareKeys(key, userKey.getPublic()));
    server.setSubsystemFactories(List.of(new SftpSubsystemFactory.Builder().build()));
    server.setCommandFactory((channel, line) -> new ShellCommand(line, home));
    server.setShellFactory(channel -> new ShellCommand("exec ${SHELL:-/bin/sh} -l", home));
    SftpModuleProperties.MAX_READDATA_PACKET_LENGTH.set(server, MAX_READ_BYTES);
    CoreModuleProperties.IDLE_TIMEOUT.set(server, Duration.ZERO);
    CoreModuleProperties.TCP_NODELAY.set(server, true);
    server.start();
    return new EmbeddedRuntime(
        server, PublicKeyEntry.toString(hostKey.getPublic()), privateKey, root);
  }

  public int port() {
    return server.getPort();
  }

  /** The login. The server takes any name; this one is the truth. */
  public String user() {
    return System.getProperty("user.name");
  }

  /** The private key that may log in: ed25519, OpenSSH's format, no passphrase. */
  public Path privateKey() {
    return privateKey;
  }

  /** The host key as in known_hosts, without the host. */
  public String hostKeyLine() {
    return hostKeyLine;
  }

  /** The served directory: absolute, links resolved. */
  public Path root() {
    return root;
  }

  /** Ends every session, kills what they run, and stops. The directory stays. */
  @Override
  public void close() throws IOException {
    server.stop(true);
  }

  private static KeyPair newKey() throws IOException {
    try {
      return SecurityUtils.getKeyPairGenerator(SecurityUtils.EDDSA).generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IOException("could not make an ed25519 key", e);
    }
  }

  private static void writePrivateKey(KeyPair key, Path file) throws IOException {
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (OutputStream out = Files.newOutputStream(file)) {
      OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(key, "colabfs demo", null, out);
    } catch (GeneralSecurityException e) {
      throw new IOException("could not write " + file, e);
    }
  }

  private static void writeSamples(Path directory) throws IOException {
    for (String name : SAMPLES) {
      try (InputStream sample = EmbeddedRuntime.class.getResourceAsStream(name)) {
        if (sample == null) {
          throw new IOException("the program's jar lacks the sample " + name);
        }
        Files.copy(sample, directory.resolve(name));
      }
    }
  }
}
