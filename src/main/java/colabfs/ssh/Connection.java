package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.profile.Profile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import colabfs.ssh.ConnectFailure.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

  /** Text for the login's shell; every shell that a login may have reads it the same. */
  private static final String WHO_AM_I = "id -u; id -g; id -G";

  /** A start file that prompts may keep a shell for ever; files do not need it. */
  private static final Duration SHELL_PATIENCE = Duration.ofSeconds(5);

  private final ClientSession session;
  private final HostKey hostKey;
  private final String root;
  private final RemoteIdentity identity;
  private final Profile.ServerFacts facts;
  private final SftpFs fs;
  private final ExecShell shell;
  private final KeepAlive keepAlive;
  private final ScheduledFuture<?> ticking;
  private final ExecutorService asker =
      Executors.newSingleThreadExecutor(work -> daemon(work, "colabfs-keepalive"));
  private final CompletableFuture<String> lost = new CompletableFuture<>();

  private Connection(Dialer.Dialed dialed, Opened opened, Opening opening) {
    this.session = dialed.session();
    this.hostKey = dialed.hostKey();
    this.root = opened.root;
    this.identity = opened.identity;
    this.fs = opened.fs;
    this.facts =
        new Profile.ServerFacts(
            dialed.software(),
            List.copyOf(new TreeSet<>(opened.metadata.extensions())),
            identity.uid(),
            identity.gid());
    Traffic traffic = opening.traffic;
    this.shell =
        new ExecShell(
            commandLine -> ExecChannel.open(session, commandLine, traffic),
            opening.timer,
            opening.callTimeout);
    this.keepAlive =
        new KeepAlive(
            new Wire(),
            () -> traffic.sentBytes() + traffic.receivedBytes(),
            traffic::receivedBytes,
            System::nanoTime);
    this.ticking =
        opening.timer.scheduleWithFixedDelay(
            keepAlive::tick, 0, KeepAlive.TICK.toMillis(), TimeUnit.MILLISECONDS);
    session.addCloseFutureListener(closed -> ended(why(dialed.progress())));
    CompletableFuture<?> unused =
        CompletableFuture.anyOf(
            opened.metadata.ended().thenAccept(this::partEnded),
            opened.bulk.ended().thenAccept(this::partEnded));
  }

  /**
   * What is needed to open the files of a session.
   *
   * @param rootText as the profile has it
   * @param callTimeout bounds every later request
   * @param stepTimeout bounds the opening
   */
  record Opening(
      String rootText,
      Duration callTimeout,
      Duration stepTimeout,
      ScheduledExecutorService timer,
      Traffic traffic) {}

  private record Opened(
      SftpChannel metadata, SftpChannel bulk, SftpFs fs, String root, RemoteIdentity identity) {}

  /** Opens the root of a session, which is closed when that fails. Waits. */
  static Connection open(Dialer.Dialed dialed, Opening opening)
      throws ConnectFailure, InterruptedException {
    boolean done = false;
    try {
      Connection connection = new Connection(dialed, openAll(dialed, opening), opening);
      done = true;
      return connection;
    } finally {
      if (!done) {
        dialed.session().close(true);
      }
    }
  }

  /** Everything that can be asked at once is, to save round trips. */
  private static Opened openAll(Dialer.Dialed dialed, Opening opening)
      throws ConnectFailure, InterruptedException {
    ClientSession session = dialed.session();
    CompletableFuture<ChannelLink> firstLink = ChannelLink.open(session, opening.traffic);
    CompletableFuture<SftpChannel> first = firstLink.thenApply(link -> start(link, opening));
    CompletableFuture<String> realRoot =
        first.thenCompose(sftp -> sftp.realpath(sftpText(opening.rootText)));
    CompletableFuture<SftpChannel> second =
        ChannelLink.open(session, opening.traffic)
            .thenCompose(link -> start(link, opening).opened());
    ExecChannel whoAmI = ExecChannel.open(session, WHO_AM_I, opening.traffic);
    Steps steps = Steps.withoutQuestions(opening.stepTimeout);
    try {
      SftpChannel metadata;
      try {
        metadata = steps.await(first.thenCompose(SftpChannel::opened));
      } catch (ExecutionException e) {
        throw noSftp(dialed, firstLink, e.getCause());
      }
      SftpChannel bulk = bulkOr(metadata, second, steps);
      String root = rootOf(realRoot, dialed, opening, steps);
      SftpFs fs = new SftpFs(metadata, bulk, root);
      checkRoot(fs, root, dialed, steps);
      return new Opened(metadata, bulk, fs, root, identity(whoAmI, metadata, bulk, steps));
    } catch (TimeoutException e) {
      throw new ConnectFailure(
          Reason.TIMEOUT,
          dialed.where()
              + " let us in, but did not open its files within "
              + opening.stepTimeout.toSeconds()
              + " s. The runtime may be overloaded: try again.",
          e);
    }
  }

  private static SftpChannel start(ChannelLink link, Opening opening) {
    return SftpChannel.start(link, opening.timer, opening.callTimeout);
  }

  /** A path that SFTP understands: it begins in the login's home, and knows no tilde. */
  private static String sftpText(String root) {
    if (root.equals("~") || root.equals("~/") || root.isBlank()) {
      return ".";
    }
    return root.startsWith("~/") ? root.substring(2) : root;
  }

  private static ConnectFailure noSftp(
      Dialer.Dialed dialed, CompletableFuture<ChannelLink> link, @Nullable Throwable cause) {
    boolean refused =
        link.isCompletedExceptionally() || link.thenApply(ChannelLink::isRefused).join();
    boolean gone = dialed.session().isClosing() && !refused;
    String detail = cause == null ? "" : " (" + cause.getMessage() + ")";
    return new ConnectFailure(
        gone ? Reason.TRANSPORT : Reason.NO_SFTP,
        gone
            ? "the connection to " + dialed.where() + " was lost while SFTP began. Try again."
            : dialed.where()
                + " let us in, but gives no SFTP"
                + detail
                + ". Put 'Subsystem sftp internal-sftp' into its sshd_config; or let the login's"
                + " shell start files print nothing.",
        cause == null ? new IOException("no SFTP") : cause);
  }

  /** A server with few channels gives no second one; then the first carries all. */
  private static SftpChannel bulkOr(
      SftpChannel metadata, CompletableFuture<SftpChannel> second, Steps steps)
      throws TimeoutException, InterruptedException {
    try {
      return steps.await(second);
    } catch (ExecutionException e) {
      LOG.log(System.Logger.Level.INFO, "no second SFTP channel: {0}", e.getCause());
      return metadata;
    }
  }

  private static String rootOf(
      CompletableFuture<String> realRoot, Dialer.Dialed dialed, Opening opening, Steps steps)
      throws ConnectFailure, TimeoutException, InterruptedException {
    try {
      String root = steps.await(realRoot);
      if (!root.startsWith("/")) {
        throw missing(opening.rootText, dialed, "the server calls it '" + root + "'", null);
      }
      return root;
    } catch (ExecutionException e) {
      throw missing(opening.rootText, dialed, reason(e), e.getCause());
    }
  }

  private static void checkRoot(SftpFs fs, String root, Dialer.Dialed dialed, Steps steps)
      throws ConnectFailure, TimeoutException, InterruptedException {
    try {
      FileAttrs attrs = steps.await(fs.lstat(RemotePath.ROOT));
      if (!attrs.isDirectory()) {
        throw missing(root, dialed, "it is no directory", null);
      }
    } catch (ExecutionException e) {
      throw missing(root, dialed, reason(e), e.getCause());
    }
  }

  private static String reason(ExecutionException e) {
    return e.getCause() instanceof FsException fs
        ? fs.errno().text()
        : String.valueOf(e.getCause());
  }

  private static ConnectFailure missing(
      String root, Dialer.Dialed dialed, String why, @Nullable Throwable cause) {
    if (cause instanceof FsException fs && fs.isConnectionFailure()) {
      return new ConnectFailure(
          fs.errno() == Errno.ETIMEDOUT ? Reason.TIMEOUT : Reason.TRANSPORT,
          "the connection to " + dialed.where() + " went while the root was opened. Try again.",
          cause);
    }
    String text =
        "the root '"
            + root
            + "' cannot be used on "
            + dialed.where()
            + ": "
            + why
            + ". Make the directory there, or name another with --root.";
    return cause == null
        ? new ConnectFailure(Reason.ROOT_MISSING, text)
        : new ConnectFailure(Reason.ROOT_MISSING, text, cause);
  }

  private static RemoteIdentity identity(
      ExecChannel whoAmI, SftpChannel metadata, SftpChannel bulk, Steps steps)
      throws TimeoutException, InterruptedException {
    Duration patience =
        SHELL_PATIENCE.compareTo(steps.limit()) < 0 ? SHELL_PATIENCE : steps.limit();
    try {
      RemoteProcess process = steps.await(whoAmI.started(), patience);
      steps.await(process.exit(), patience);
      RemoteIdentity told =
          parseIdentity(new String(process.stdout().readAllBytes(), StandardCharsets.US_ASCII));
      if (told != null) {
        return told;
      }
    } catch (ExecutionException | TimeoutException | IOException e) {
      LOG.log(System.Logger.Level.INFO, "the login runs no commands: {0}", e.getMessage());
      whoAmI.close(false);
    }
    return homeOwner(metadata, bulk, steps);
  }

  /** The last three lines, whatever start files printed before; null when they are no numbers. */
  static @Nullable RemoteIdentity parseIdentity(String output) {
    List<String> lines = output.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
    if (lines.size() < 3) {
      return null;
    }
    List<String> last = lines.subList(lines.size() - 3, lines.size());
    try {
      int gid = Integer.parseUnsignedInt(last.get(1));
      Set<Integer> gids = new TreeSet<>(Set.of(gid));
      for (String group : last.get(2).split("\\s+", -1)) {
        gids.add(Integer.parseUnsignedInt(group));
      }
      return new RemoteIdentity(Integer.parseUnsignedInt(last.get(0)), gid, gids);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static RemoteIdentity homeOwner(SftpChannel metadata, SftpChannel bulk, Steps steps)
      throws TimeoutException, InterruptedException {
    try {
      String home = steps.await(metadata.realpath("."));
      FileAttrs attrs = steps.await(new SftpFs(metadata, bulk, home).lstat(RemotePath.ROOT));
      return new RemoteIdentity(attrs.uid(), attrs.gid(), Set.of(attrs.gid()));
    } catch (ExecutionException e) {
      LOG.log(System.Logger.Level.INFO, "the login''s home tells no owner: {0}", e.getMessage());
      return new RemoteIdentity(0, 0, Set.of(0));
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

  private void partEnded(FsException end) {
    ended(String.valueOf(end.getMessage()));
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
  public RemoteShell shell() {
    return shell;
  }

  @Override
  public CompletableFuture<String> lost() {
    return lost;
  }

  HostKey hostKey() {
    return hostKey;
  }

  String root() {
    return root;
  }

  RemoteIdentity identity() {
    return identity;
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
