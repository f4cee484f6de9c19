package colabfs.ssh;

import colabfs.core.FsException;
import colabfs.profile.Profile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteShell;
import colabfs.remote.RuntimeId;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * A session with its files opened: two SFTP channels, so that a large transfer and a look at a
 * directory do not share one process on the runtime, and commands beside them. When any part goes,
 * all of it does.
 */
final class Connection implements LiveLink {
  private static final System.Logger LOG = System.getLogger(Connection.class.getName());

  private final ClientSession session;
  private final Pin pin;
  private final String way;
  private final String root;
  private final RemoteIdentity identity;
  private final RuntimeId runtimeId;
  private final Profile.ServerFacts facts;
  private final SftpFs fs;
  private final SftpFs wholeRuntime;
  private final ExecShell shell;
  private final Ports ports;
  private final KeepAlive keepAlive;
  private final ScheduledFuture<?> ticking;
  private final ExecutorService asker =
      Executors.newSingleThreadExecutor(work -> daemon(work, "colabfs-keepalive"));
  private final CompletableFuture<String> lost = new CompletableFuture<>();

  private Connection(Dialer.Dialed dialed, Opening.Opened opened, Opening opening) {
    this.session = dialed.session();
    this.pin = dialed.pin();
    this.way = dialed.way();
    this.root = opened.root();
    this.identity = opened.identity();
    this.runtimeId = opened.runtimeId();
    this.fs = opened.fs();
    this.wholeRuntime = new SftpFs(opened.metadata(), opened.bulk(), "/");
    this.facts =
        new Profile.ServerFacts(
            dialed.software(),
            List.copyOf(new TreeSet<>(opened.metadata().extensions())),
            identity.uid(),
            identity.gid());
    Traffic traffic = opening.traffic();
    this.shell =
        new ExecShell(
            (commandLine, terminal) -> ExecChannel.open(session, commandLine, terminal, traffic),
            opening.timer(),
            opening.callTimeout());
    this.ports = new Ports(session, opening.timer(), traffic, opening.callTimeout());
    this.keepAlive =
        new KeepAlive(
            new Wire(),
            () -> traffic.sentBytes() + traffic.receivedBytes(),
            traffic::receivedBytes,
            System::nanoTime);
    this.ticking =
        opening
            .timer()
            .scheduleWithFixedDelay(
                keepAlive::tick, 0, KeepAlive.TICK.toMillis(), TimeUnit.MILLISECONDS);
    session.addCloseFutureListener(closed -> ended(why(dialed.progress())));
    CompletableFuture<?> unused =
        CompletableFuture.anyOf(
            opened.metadata().ended().thenAccept(end -> partEnded(end, dialed.progress())),
            opened.bulk().ended().thenAccept(end -> partEnded(end, dialed.progress())));
  }

  /** Opens the root of a session, which is closed when that fails. Waits. */
  static Connection open(Dialer.Dialed dialed, Opening opening)
      throws ConnectFailure, InterruptedException {
    boolean done = false;
    try {
      Connection connection = new Connection(dialed, opening.of(dialed), opening);
      done = true;
      return connection;
    } finally {
      if (!done) {
        dialed.session().close(true);
      }
    }
  }

  private static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  /** Asks by a request that no server knows: its refusal is the answer (as OpenSSH does). */
  private final class Wire implements KeepAlive.Wire {
    @Override
    public void ask() {
      asker.execute(
          () -> {
            try {
              String name = "keepalive@openssh.com";
              Buffer request = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST);
              request.putString(name);
              request.putBoolean(true);
              session.request(request, name, (command, answer) -> keepAlive.answered());
            } catch (IOException | RuntimeException e) {
              LOG.log(System.Logger.Level.DEBUG, "asking for a sign of life: {0}", e.getMessage());
            }
          });
    }

    @Override
    public void dead(Duration silence) {
      ended("the server was silent for " + silence.toSeconds() + " s");
      daemon(() -> session.close(true), "colabfs-hang-up").start(); // MINA may wait for locks
    }
  }

  private static String why(Progress progress) {
    String said = progress.disconnectMessage();
    Throwable failure = progress.failure();
    if (said != null) {
      return "the server hung up: " + said;
    }
    return failure == null || failure.getMessage() == null
        ? "the connection was closed"
        : failure.getMessage();
  }

  private void partEnded(FsException end, Progress progress) {
    boolean sessionKnows = progress.failure() != null || progress.disconnectMessage() != null;
    ended(sessionKnows ? why(progress) : String.valueOf(end.getMessage()));
    session.close(true);
  }

  private void ended(String reason) {
    if (lost.complete(reason)) {
      ticking.cancel(false);
      asker.shutdownNow();
      shell.connectionLost();
    }
  }

  @Override
  public RemoteFs fs() {
    return fs;
  }

  @Override
  public RemoteFs wholeRuntime() {
    return wholeRuntime;
  }

  @Override
  public RemoteShell shell() {
    return shell;
  }

  @Override
  public RemotePorts ports() {
    return ports;
  }

  @Override
  public CompletableFuture<String> lost() {
    return lost;
  }

  HostKey hostKey() {
    return pin.key();
  }

  /** With the runtime that the key is of, where that is known. */
  Pin pin() {
    return pin;
  }

  /** Who the login is on a later connection, if that is surely the same; else null. */
  @Nullable RemoteIdentity identityOf(Dialer.Dialed later, String user) {
    boolean same = later.hostKey().equals(pin.key()) && user.equals(session.getUsername());
    return same ? identity : null;
  }

  String way() {
    return way;
  }

  String root() {
    return root;
  }

  RemoteIdentity identity() {
    return identity;
  }

  RuntimeId runtimeId() {
    return runtimeId;
  }

  Profile.ServerFacts facts() {
    return facts;
  }

  @Nullable Duration roundTrip() {
    return keepAlive.roundTrip();
  }

  @Override
  public void close() {
    ended("closed");
    session.close(false);
  }

  /** The failure itself, without the wrappers that futures put around it. */
  static Throwable bare(Throwable failure) {
    Throwable cause = failure.getCause();
    boolean wrapped =
        failure instanceof CompletionException || failure instanceof ExecutionException;
    return wrapped && cause != null ? bare(cause) : failure;
  }
}
