package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RuntimeId;
import colabfs.ssh.ConnectFailure.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeoutException;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * Opens the files of a session that is logged in, and asks who the login is and which runtime it is
 * on.
 *
 * @param rootText as the profile has it
 * @param callTimeout bounds every later request
 * @param stepTimeout bounds the opening
 * @param known who the login is, where that was asked before; null else
 */
record Opening(
    String rootText,
    Duration callTimeout,
    Duration stepTimeout,
    ScheduledExecutorService timer,
    Traffic traffic,
    @Nullable RemoteIdentity known) {
  private static final System.Logger LOG = System.getLogger(Opening.class.getName());

  /** A start file that prompts may keep a shell for ever; files do not need it. */
  private static final Duration SHELL_PATIENCE = Duration.ofSeconds(3);

  /** What came of it; {@code root} is absolute, links resolved. */
  record Opened(
      SftpChannel metadata,
      SftpChannel bulk,
      SftpFs fs,
      String root,
      RemoteIdentity identity,
      RuntimeId runtimeId) {}

  /** Everything that can be asked at once is, to save round trips. */
  Opened of(Dialer.Dialed dialed) throws ConnectFailure, InterruptedException {
    ClientSession session = dialed.session();
    FirstChannels early = dialed.channels();
    FirstChannels channels =
        early == null ? FirstChannels.open(session, traffic, known == null) : early;
    CompletableFuture<ChannelLink> firstLink = channels.metadata();
    CompletableFuture<SftpChannel> first = firstLink.thenApply(link -> start(link));
    CompletableFuture<String> realRoot =
        first.thenCompose(sftp -> sftp.realpath(sftpText(rootText)));
    CompletableFuture<FileAttrs> rootAttrs =
        first.thenCompose(sftp -> sftp.send(statRequest(sftpText(rootText)), SftpAnswer.ATTRS));
    CompletableFuture<RuntimeId> runtimeId =
        first.thenCompose(
            sftp -> RuntimeQuestion.ask(sftp, dialed.hostKey(), countsHandles(dialed)));
    CompletableFuture<SftpChannel> second =
        channels.bulk().thenCompose(link -> start(link).opened());
    ExecChannel whoAmI = whoAmI(channels, session);
    Steps steps = Steps.withoutQuestions(stepTimeout);
    try {
      SftpChannel metadata;
      try {
        metadata = steps.await(first.thenCompose(SftpChannel::opened));
      } catch (ExecutionException e) {
        throw noSftp(dialed, firstLink, e.getCause());
      }
      SftpChannel bulk = bulkOr(metadata, second, steps);
      String root = rootOf(realRoot, dialed, steps);
      SftpFs fs = new SftpFs(metadata, bulk, root);
      if (!isDirectory(rootAttrs, steps)) {
        checkRoot(fs, root, dialed, steps);
      }
      RemoteIdentity identity = whoAmI == null ? known : identity(whoAmI, metadata, bulk, steps);
      return new Opened(
          metadata,
          bulk,
          fs,
          root,
          Objects.requireNonNull(identity),
          runtimeIdOr(runtimeId, dialed, steps));
    } catch (TimeoutException e) {
      throw new ConnectFailure(
          Reason.TIMEOUT,
          dialed.where()
              + " let us in, but did not open its files within "
              + stepTimeout.toSeconds()
              + " s. The runtime may be overloaded: try again.",
          e);
    }
  }

  /** Ends with an answer, perhaps of nothing: a failure here would be an error of our own. */
  private static RuntimeId runtimeIdOr(
      CompletableFuture<RuntimeId> asked, Dialer.Dialed dialed, Steps steps)
      throws TimeoutException, InterruptedException {
    try {
      return steps.await(asked);
    } catch (ExecutionException e) {
      LOG.log(System.Logger.Level.ERROR, "which runtime it is", e);
      return new RuntimeId(null, null, dialed.hostKey().fingerprint());
    }
  }

  private @Nullable ExecChannel whoAmI(FirstChannels channels, ClientSession session) {
    boolean missing = known == null && channels.whoAmI() == null;
    return missing ? FirstChannels.whoAmI(session, traffic) : channels.whoAmI();
  }

  private static boolean countsHandles(Dialer.Dialed dialed) {
    return dialed.software().startsWith("OpenSSH_");
  }

  private SftpChannel start(ChannelLink link) {
    return SftpChannel.start(link, timer, callTimeout);
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
      LOG.log(System.Logger.Level.INFO, "no second SFTP channel: {0}", reason(e));
      return metadata;
    }
  }

  private String rootOf(CompletableFuture<String> realRoot, Dialer.Dialed dialed, Steps steps)
      throws ConnectFailure, TimeoutException, InterruptedException {
    try {
      String root = steps.await(realRoot);
      if (!root.startsWith("/")) {
        throw missing(rootText, dialed, "the server calls it '" + root + "'", null);
      }
      return root;
    } catch (ExecutionException e) {
      throw missing(rootText, dialed, reason(e), e.getCause());
    }
  }

  /** Links resolved, as those of the root are. */
  private static SftpRequest statRequest(String path) {
    return SftpRequest.of(SftpConstants.SSH_FXP_STAT).string(path);
  }

  /** The first word, which came with that of the root's name; what it is else is asked again. */
  private static boolean isDirectory(CompletableFuture<FileAttrs> asked, Steps steps)
      throws TimeoutException, InterruptedException {
    try {
      return steps.await(asked).isDirectory();
    } catch (ExecutionException e) {
      return false;
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
}
