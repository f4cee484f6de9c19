package colabfs.ssh;

import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteFsContract;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.channel.ChannelSubsystem;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.password.AcceptAllPasswordAuthenticator;
import org.apache.sshd.server.keyprovider.SimpleGeneratorHostKeyProvider;
import org.apache.sshd.sftp.server.SftpSubsystemFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The contract on MINA's server, over a real SSH connection in one process. */
final class SftpMinaIT extends RemoteFsContract {
  private static final Duration DEADLINE = Duration.ofSeconds(20);
  private static final SshServer SERVER = SshServer.setUpDefaultServer();
  private static final SshClient CLIENT = SshClient.setUpDefaultClient();
  private static ClientSession session;

  @TempDir Path directory;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private SftpChannel channel;
  private RemoteFs fs;

  @BeforeAll
  static void startServer(@TempDir Path keys) throws Exception {
    SERVER.setHost("127.0.0.1");
    SERVER.setPort(0);
    SERVER.setKeyPairProvider(new SimpleGeneratorHostKeyProvider(keys.resolve("key")));
    SERVER.setPasswordAuthenticator(AcceptAllPasswordAuthenticator.INSTANCE);
    SERVER.setSubsystemFactories(List.of(new SftpSubsystemFactory()));
    SERVER.start();
    CLIENT.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
    CLIENT.start();
    session = CLIENT.connect("user", "127.0.0.1", SERVER.getPort()).verify(DEADLINE).getSession();
    session.addPasswordIdentity("password");
    session.auth().verify(DEADLINE);
  }

  @AfterAll
  static void stopServer() throws Exception {
    CLIENT.stop();
    SERVER.stop();
  }

  @BeforeEach
  void openChannel() throws Exception {
    ChannelSubsystem subsystem = session.createSubsystemChannel("sftp");
    subsystem.open().verify(DEADLINE);
    SftpLink link =
        new StreamLink(
            subsystem.getInvertedOut(), subsystem.getInvertedIn(), () -> subsystem.close(true));
    channel = SftpChannel.open(link, timer, DEADLINE).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    fs = new SftpFs(channel, channel, directory.toRealPath().toString());
  }

  @AfterEach
  void closeChannel() {
    channel.close();
    timer.shutdown();
  }

  @Override
  protected RemoteFs fs() {
    return fs;
  }

  @Override
  protected boolean hasStatvfs() {
    return false;
  }

  @Override
  protected boolean hasPosixFiles() {
    return false;
  }

  /** Java's files have nine bits of permissions. */
  @Override
  protected int specialPermissions() {
    return 0751;
  }
}
