package colabfs.control;

import colabfs.core.RemotePath;
import colabfs.exec.ExecIo;
import colabfs.exec.LogsSince;
import colabfs.forward.ForwardSpec;
import colabfs.forward.ForwardStatus;
import colabfs.forward.Splice;
import colabfs.fs.WarmReport;
import colabfs.machine.MachineFigures;
import colabfs.remote.RemoteJob;
import colabfs.remote.RemoteJobs.Terminal;
import colabfs.restore.RestoreReport;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingFigures;
import com.fasterxml.jackson.databind.JsonNode;
import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The command line's end of the socket.
 *
 * <p>Threading: any thread; each call has a connection of its own. Errors: {@link
 * ControlException}; GONE when nobody listens.
 */
public final class ControlClient {
  /** What progress ends with: there is nothing more to wait for. */
  public static final PendingFigures NOTHING = new PendingFigures(0, 0, 0, 0);

  /** A look at the journal, which may have to wait for its disk. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** The mount's own bound for each step on the network, more than once. */
  private static final Duration NETWORK_PATIENCE = Duration.ofMinutes(2);

  private final Path socket;
  private final Path mountpoint;

  /** For a mount of that list; nothing is connected yet. */
  public ControlClient(RunningMounts mounts, Path mountpoint) {
    this.socket = mounts.socketOf(mountpoint);
    this.mountpoint = mountpoint;
  }

  /** How the mount is. NOT_ANSWERING when it does not say so in time. */
  public MountStatus status(Duration patience) throws ControlException {
    return within(patience, new Request.Status(), ControlClient::readStatus);
  }

  /**
   * Waits until the mount has sent everything and is unmounted; its process then ends.
   *
   * @param progress is told what is unsent, now and then
   * @param givenUp when it completes, the mount is asked to stay: GIVEN_UP then, unless it was too
   *     late for that
   */
  public Unmounted unmount(
      boolean force, Consumer<PendingFigures> progress, CompletableFuture<?> givenUp)
      throws ControlException {
    return call(
        new Request.Unmount(force),
        channel -> Messages.readUnmounted(followed(channel, progress, givenUp)));
  }

  /**
   * Waits until everything at or below a path that was accepted before has arrived.
   *
   * @param stalled the longest wait without any progress; null for the mount's own
   * @param givenUp when it completes, the wait ends with GIVEN_UP
   */
  public void flush(
      RemotePath below,
      @Nullable Duration stalled,
      Consumer<PendingFigures> progress,
      CompletableFuture<?> givenUp)
      throws ControlException {
    var unused =
        call(new Request.Flush(below, stalled), channel -> followed(channel, progress, givenUp));
  }

  /**
   * Has the mount fetch every small file at or below a path. Waits as long as that takes.
   *
   * @param maxFileBytes longer files are left out
   * @param progress is told how many files and bytes are left, now and then
   * @param givenUp when it completes, the mount is asked to stop: GIVEN_UP then
   */
  public WarmReport warm(
      RemotePath below,
      long maxFileBytes,
      Consumer<PendingFigures> progress,
      CompletableFuture<?> givenUp)
      throws ControlException {
    return call(
        new Request.Warm(below, maxFileBytes),
        channel -> Messages.readWarmed(followed(channel, progress, givenUp)));
  }

  /** What is pending at or below a path, in the order in which programs made it. */
  public List<PendingChange> pending(RemotePath below) throws ControlException {
    return within(PATIENCE, new Request.Pending(below), ControlClient::changes);
  }

  /**
   * Has the mount try again what the runtime refused.
   *
   * @return how many changes that are
   */
  public int retry() throws ControlException {
    return within(PATIENCE, new Request.Retry(), ControlClient::readCount);
  }

  /**
   * Has the mount copy what is pending at or below a path to a local directory, absolute. Waits as
   * long as that takes.
   *
   * @return the files that were written
   */
  public List<Path> export(RemotePath below, Path directory) throws ControlException {
    return call(
        new Request.Export(below, directory),
        channel -> {
          List<Path> files = new ArrayList<>();
          elements(channel, node -> files.add(Path.of(node.path("file").asText())));
          return files;
        });
  }

  /**
   * Gives up what is pending at or below a path, and what depends on it.
   *
   * @return what was given up
   */
  public List<PendingChange> discard(RemotePath below) throws ControlException {
    return call(new Request.Discard(below), ControlClient::changes);
  }

  /**
   * Has the mount send what it knows to a new runtime. Waits as long as that takes.
   *
   * @param excludes patterns as those of gitignore(5)
   * @param maxBytes of a file
   * @param dryRun only tell what would be sent
   * @param givenUp when it completes, the mount is asked to stop: GIVEN_UP then
   */
  public RestoreReport restore(
      List<String> excludes,
      long maxBytes,
      boolean dryRun,
      Consumer<PendingFigures> progress,
      CompletableFuture<?> givenUp)
      throws ControlException {
    return call(
        new Request.Restore(excludes, maxBytes, dryRun),
        channel -> {
          List<RestoreReport.Item> items = new ArrayList<>();
          var unused = givenUp.thenRun(channel::endOutput);
          String end =
              result(
                  channel,
                  progress,
                  part -> {
                    for (JsonNode node : part.path(Messages.ELEMENTS)) {
                      items.add(RestoreJson.readItem(node));
                    }
                  });
          return new RestoreReport(items, RestoreJson.readEnd(end));
        });
  }

  /** Has the mount go on with a new runtime as it is. */
  public void takeAsItIs() throws ControlException {
    var unused = call(new Request.TakeAsItIs(), ControlClient::readCount);
  }

  /** The conflicts that nobody has dismissed. */
  public List<Conflict> conflicts() throws ControlException {
    return within(
        PATIENCE,
        new Request.Conflicts(),
        channel -> {
          List<Conflict> conflicts = new ArrayList<>();
          elements(channel, node -> conflicts.add(PendingJson.readConflict(node)));
          return conflicts;
        });
  }

  /**
   * Forgets the conflicts at or below a path.
   *
   * @return how many those were
   */
  public int dismiss(RemotePath below) throws ControlException {
    return within(PATIENCE, new Request.Dismiss(below), ControlClient::readCount);
  }

  /** Begins forwards, all of them or none. Waits for the server where it must agree. */
  public List<ForwardStatus> forward(List<ForwardSpec> specs) throws ControlException {
    return within(NETWORK_PATIENCE, new Request.Forward(specs), ControlClient::forwards);
  }

  /**
   * Stops forwards.
   *
   * @param which as {@link colabfs.forward.Forwards#stop} takes them
   */
  public List<ForwardStatus> stopForwards(List<String> which) throws ControlException {
    return within(PATIENCE, new Request.StopForwards(which), ControlClient::forwards);
  }

  /** How the mount's forwards are. */
  public List<ForwardStatus> listForwards() throws ControlException {
    return within(PATIENCE, new Request.ListForwards(), ControlClient::forwards);
  }

  /** What the runtime's machine has now. */
  public MachineFigures machine() throws ControlException {
    return within(
        NETWORK_PATIENCE,
        new Request.Machine(),
        channel -> MachineJson.read(Messages.parse(result(channel, left -> {}, part -> {}))));
  }

  /**
   * Joins two streams with the runtime's own SSH server, and returns when that has ended. The input
   * is read by a thread that may be left behind.
   */
  public void proxy(InputStream in, OutputStream out) throws ControlException {
    var unused =
        call(
            new Request.Proxy(),
            channel -> {
              int joined = readCount(channel);
              SocketBytes server = channel.rest();
              Splice.inBackground(in, server.out(), server::endOutput, "proxy");
              Splice.copy(server.in(), out);
              return joined;
            });
  }

  private static List<ForwardStatus> forwards(FrameChannel channel)
      throws IOException, ControlException {
    List<ForwardStatus> forwards = new ArrayList<>();
    elements(channel, node -> forwards.add(ForwardJson.read(node)));
    return forwards;
  }

  /**
   * Runs a command.
   *
   * @param progress is told what is unsent while the command waits for it, and {@link #NOTHING}
   *     when that is over
   */
  public ExecSession exec(Command command, ExecIo io, Consumer<PendingFigures> progress)
      throws ControlException {
    return new ExecSession(connect(new Request.Exec(command, true)), io, progress);
  }

  /**
   * Comes back to a job, named by the beginning of its number.
   *
   * @param terminal of who comes, if there is one
   */
  public ExecSession attach(String job, @Nullable Terminal terminal, ExecIo io)
      throws ControlException {
    return new ExecSession(connect(new Request.Attach(job, terminal)), io, left -> {});
  }

  /**
   * Reads what a job has printed.
   *
   * @param since leaves out what is older
   * @param follow and what it will print, to its end
   */
  public ExecSession logs(String job, LogsSince since, boolean follow, ExecIo io)
      throws ControlException {
    return new ExecSession(connect(new Request.Logs(job, since, follow)), io, left -> {});
  }

  /** Every job on the runtime, in the order in which they were started. */
  public List<RemoteJob> jobs() throws ControlException {
    return call(
        new Request.Jobs(),
        channel -> {
          List<RemoteJob> jobs = new ArrayList<>();
          elements(channel, node -> jobs.add(JobsJson.read(node)));
          return jobs;
        });
  }

  /**
   * Sends a job a signal.
   *
   * @return the job
   */
  public RemoteJob kill(String job, String signal) throws ControlException {
    return call(
        new Request.Kill(job, signal),
        channel -> JobsJson.read(Messages.parse(result(channel, left -> {}, part -> {}))));
  }

  /**
   * Has the jobs forgotten that have ended.
   *
   * @return how many those were
   */
  public int prune() throws ControlException {
    return call(new Request.Prune(), ControlClient::readCount);
  }

  /** Reads an answer. */
  private interface Reader<T> {
    T read(FrameChannel channel) throws IOException, ControlException;
  }

  private static MountStatus readStatus(FrameChannel channel) throws IOException, ControlException {
    return Messages.readStatus(result(channel, left -> {}, part -> {}));
  }

  private static int readCount(FrameChannel channel) throws IOException, ControlException {
    return Messages.readCount(result(channel, left -> {}, part -> {}));
  }

  private static List<PendingChange> changes(FrameChannel channel)
      throws IOException, ControlException {
    List<PendingChange> changes = new ArrayList<>();
    elements(channel, node -> changes.add(PendingJson.readChange(node)));
    return changes;
  }

  /** Takes one element of a long answer. */
  private interface Element {
    void take(JsonNode node) throws IOException;
  }

  private static void elements(FrameChannel channel, Element element)
      throws IOException, ControlException {
    result(
        channel,
        left -> {},
        part -> {
          for (JsonNode node : part.path(Messages.ELEMENTS)) {
            element.take(node);
          }
        });
  }

  private static String followed(
      FrameChannel channel, Consumer<PendingFigures> progress, CompletableFuture<?> givenUp)
      throws IOException, ControlException {
    var unused = givenUp.thenRun(channel::endOutput);
    return result(channel, progress, part -> {});
  }

  private static String result(
      FrameChannel channel, Consumer<PendingFigures> progress, Element part)
      throws IOException, ControlException {
    while (true) {
      Frame frame = channel.receive();
      if (frame == null) {
        throw new IOException("no answer");
      }
      switch (frame.type()) {
        case RESULT -> {
          return frame.text();
        }
        case PROGRESS -> progress.accept(Messages.readProgress(frame.text()));
        case PART -> part.take(Messages.parse(frame.text()));
        case ERROR -> throw Messages.readError(frame.text());
        default -> throw new IOException("not an answer: " + frame.type());
      }
    }
  }

  /** Waits as long as it takes. */
  private <T> T call(Request request, Reader<T> reader) throws ControlException {
    try (FrameChannel channel = connect(request)) {
      return reader.read(channel);
    } catch (IOException e) {
      throw gone(e);
    }
  }

  private <T> T within(Duration patience, Request request, Reader<T> reader)
      throws ControlException {
    FrameChannel channel = connect(request);
    FutureTask<T> answer = new FutureTask<>(() -> reader.read(channel));
    Thread thread = new Thread(answer, "control-answer");
    thread.setDaemon(true);
    thread.start();
    try {
      return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new ControlException(ControlException.Reason.NOT_ANSWERING, notAnswering(), e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ControlException failure ? failure : gone(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw gone(e);
    } finally {
      channel.close();
    }
  }

  private FrameChannel connect(Request request) throws ControlException {
    try {
      long uid =
          ((Number) Files.getAttribute(socket, "unix:uid", LinkOption.NOFOLLOW_LINKS)).longValue();
      if (uid != new UnixSystem().getUid()) {
        throw new IOException("the socket belongs to somebody else: " + socket);
      }
      SocketChannel connected = SocketChannel.open(StandardProtocolFamily.UNIX);
      FrameChannel channel = new FrameChannel(connected);
      try {
        connected.connect(UnixDomainSocketAddress.of(socket));
        channel.send(FrameType.REQUEST, RequestJson.write(request));
        return channel;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw gone(e);
    }
  }

  private ControlException gone(Exception cause) {
    return new ControlException(
        ControlException.Reason.GONE,
        "the process that serves %s is gone; run: colabfs umount %s"
            .formatted(mountpoint, mountpoint),
        cause);
  }

  private String notAnswering() {
    return "the process that serves %s does not answer; try again, or run: colabfs umount --force %s"
        .formatted(mountpoint, mountpoint);
  }
}
