package colabfs.agent;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.BlockDigests;
import colabfs.remote.ContentSink;
import colabfs.remote.LinkState;
import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import colabfs.remote.RemoteTree;
import colabfs.remote.SnapshotBounds;
import colabfs.remote.SnapshotSink;
import colabfs.remote.TreeChange;
import colabfs.remote.TreeListener;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The helper on the runtime: started when the link is up, and again when it goes. Where it cannot
 * run, that is logged once for each connection, and everything works without it.
 *
 * <p>Threading: any thread; no call waits. Sinks, listeners and futures are called by one thread at
 * a time, mostly by the one that reads what the helper says: it must not be blocked, or nothing
 * else is read. What happens to the helper itself is decided on one thread of this class's.
 *
 * <p>Errors: as {@link RemoteTree} says; EFBIG for content that is too long to be handed over at
 * once (32 MiB), EOPNOTSUPP for what this helper cannot do, EAGAIN when more than 2,048 questions
 * are open, ENAMETOOLONG for paths of more than 32 KiB. A future that is cancelled ends the work on
 * the runtime, unless it is a change.
 */
public final class AgentTree implements RemoteTree, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AgentTree.class.getName());

  /** Longer paths no helper takes. */
  static final int PATH_BYTES = 32 * 1024;

  /** Names of files that are asked for at once; more are asked for one part after the other. */
  private static final int MOST_FILES = 4096;

  private static final int MOST_NAME_BYTES = 1 << 20;

  private final RemoteShell shell;
  private final Supplier<String> root;
  private final AgentSettings settings;
  private final LongSupplier nanoTime;
  private final byte[] program = Bootstrap.program();
  private final Listeners listeners = new Listeners();
  private final AgentJobs jobs = new AgentJobs();
  private final ScheduledThreadPoolExecutor decisions =
      new ScheduledThreadPoolExecutor(
          1,
          work -> {
            Thread thread = new Thread(work, "colabfs-agent");
            thread.setDaemon(true);
            return thread;
          },
          new ThreadPoolExecutor.DiscardPolicy());

  /** Held while others are told something. Nothing waits for the network under it. */
  private final ReentrantLock delivery = new ReentrantLock();

  /** That can be asked; changes under the delivery lock. */
  private volatile @Nullable Session current;

  private volatile AgentStatus status = AgentStatus.down("there is no connection yet");
  private volatile boolean closed;

  // What follows belongs to the thread of decisions.

  private boolean linkUp;
  private @Nullable Session session;

  /** Counts starts, so that what comes of an old one is known as such. */
  private int start;

  private int failures;
  private long startedNanos;

  /**
   * Begins at once when the link is up.
   *
   * @param root the directory's absolute path on the runtime; asked for at each start
   */
  public AgentTree(RemoteShell shell, LinkState link, Supplier<String> root) {
    this(shell, link, root, AgentSettings.USUAL, System::nanoTime);
  }

  AgentTree(
      RemoteShell shell,
      LinkState link,
      Supplier<String> root,
      AgentSettings settings,
      LongSupplier nanoTime) {
    this.shell = shell;
    this.root = root;
    this.settings = settings;
    this.nanoTime = nanoTime;
    decisions.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    long tick = settings.tick().toMillis();
    ScheduledFuture<?> unused =
        decisions.scheduleWithFixedDelay(this::tick, tick, tick, TimeUnit.MILLISECONDS);
    link.onChange(up -> decisions.execute(() -> linkChanged(up)));
    if (link.isUp()) {
      decisions.execute(() -> linkChanged(true));
    }
  }

  /** How it is now. Does not ask it. */
  public AgentStatus status() {
    Session up = current;
    AgentStatus known = status;
    return up == null || !known.up() ? known : known.withWatches(up.watches());
  }

  /** Commands that outlive the connection; where the helper cannot keep them, there are none. */
  public RemoteJobs jobs() {
    return jobs;
  }

  @Override
  public boolean isUp() {
    return current != null;
  }

  @Override
  public void listen(TreeListener listener) {
    decisions.execute(
        () -> {
          delivery.lock();
          try {
            listeners.add(listener);
            if (current != null) {
              Listeners.tell(listener, TreeListener::up);
            }
          } finally {
            delivery.unlock();
          }
        });
  }

  @Override
  public CompletableFuture<Void> caughtUp() {
    Session up = current;
    return up == null ? gone() : ask(up, new CatchUpCall());
  }

  @Override
  public CompletableFuture<Boolean> snapshot(
      RemotePath directory, SnapshotBounds bounds, SnapshotSink sink) {
    Session up = current;
    return up == null
        ? gone()
        : ask(up, new SnapshotCall(directory, bounds, sink, up::watches), directory);
  }

  @Override
  public CompletableFuture<Void> contents(
      List<RemotePath> files, long maxFileBytes, ContentSink sink) {
    Session up = current;
    if (up == null) {
      return gone();
    }
    List<List<RemotePath>> parts = parts(files);
    CompletableFuture<Void> result = contents(up, parts.get(0), maxFileBytes, sink);
    for (List<RemotePath> part : parts.subList(1, parts.size())) {
      result = result.thenCompose(done -> contents(up, part, maxFileBytes, sink));
    }
    return result;
  }

  private static CompletableFuture<Void> contents(
      Session up, List<RemotePath> part, long maxFileBytes, ContentSink sink) {
    return ask(up, new ContentsCall(part, maxFileBytes, sink), part.toArray(RemotePath[]::new));
  }

  /** Cuts a list into parts that fit into a request; at least one. */
  private static List<List<RemotePath>> parts(List<RemotePath> files) {
    List<List<RemotePath>> parts = new ArrayList<>();
    List<RemotePath> part = new ArrayList<>();
    int bytes = 0;
    for (RemotePath file : files) {
      int more = Fields.textBytes(Fields.bytes(file));
      if (!part.isEmpty() && (part.size() == MOST_FILES || bytes + more > MOST_NAME_BYTES)) {
        parts.add(part);
        part = new ArrayList<>();
        bytes = 0;
      }
      part.add(file);
      bytes += more;
    }
    parts.add(part);
    return parts;
  }

  @Override
  public CompletableFuture<TreeChange.Done> apply(TreeChange change) {
    Session up = current;
    if (up == null) {
      return gone();
    }
    ChangeCall call = new ChangeCall(change);
    FsException refusal = call.refusal(status.capabilities());
    return refusal == null ? ask(up, call, call.paths()) : CompletableFuture.failedFuture(refusal);
  }

  @Override
  public CompletableFuture<BlockDigests> digests(RemotePath file, int blockBytes) {
    boolean isFit =
        blockBytes >= 4096 && blockBytes <= 16 << 20 && Integer.bitCount(blockBytes) == 1;
    if (!isFit) {
      throw new IllegalArgumentException("no size of a block: " + blockBytes);
    }
    Session up = current;
    return up == null ? gone() : ask(up, new DigestsCall(file, blockBytes), file);
  }

  private static <T> CompletableFuture<T> ask(Session up, Call<T> call, RemotePath... paths) {
    for (RemotePath path : paths) {
      if (path.toString().length() > PATH_BYTES / 4) {
        return tooLong(path);
      }
    }
    up.ask(call);
    return call.result();
  }

  private static <T> CompletableFuture<T> tooLong(RemotePath path) {
    return CompletableFuture.failedFuture(
        new FsException(Errno.ENAMETOOLONG, path.name() + ": the path is too long"));
  }

  private <T> CompletableFuture<T> gone() {
    return CompletableFuture.failedFuture(
        new FsException(Errno.ENOTCONN, "there is no helper on the runtime: " + status.reason()));
  }

  /** Ends the helper and starts none again. Does not wait. */
  @Override
  public void close() {
    closed = true;
    jobs.close();
    decisions.execute(
        () -> {
          linkUp = false;
          retire("the mount ends");
          decisions.shutdown();
        });
  }

  // Decisions: on their own thread.

  private void linkChanged(boolean up) {
    if (up == linkUp || closed) {
      return;
    }
    linkUp = up;
    failures = 0;
    retire("the connection was lost");
    if (up) {
      begin();
    }
  }

  /** Gives up what runs, and what is being started. */
  private void retire(String reason) {
    start++;
    Session old = session;
    session = null;
    if (old != null) {
      old.end(reason, false);
    }
    status = AgentStatus.down(reason);
    jobs.down(reason, false);
  }

  private void begin() {
    int mine = ++start;
    startedNanos = nanoTime.getAsLong();
    status = AgentStatus.down("it is being started");
    String path;
    CompletableFuture<RemoteProcess> process;
    try {
      path = root.get();
      process = shell.start(Bootstrap.commandLine(program));
    } catch (RuntimeException e) {
      failed("it could not be started: " + e, false);
      return;
    }
    CompletableFuture<?> unused =
        process.whenComplete(
            (running, failure) -> {
              decisions.execute(() -> started(mine, path, running, failure));
              if (running != null && closed) {
                running.close();
              }
            });
  }

  private void started(
      int mine, String path, @Nullable RemoteProcess process, @Nullable Throwable failure) {
    if (mine != start || closed) {
      if (process != null) {
        process.close();
      }
    } else if (process == null) {
      failed("it could not be started: " + (failure == null ? "" : failure.getMessage()), false);
    } else {
      Session started =
          new Session(process, new Owner(), delivery, settings, nanoTime, program, path);
      session = started;
      started.start();
    }
  }

  private void tick() {
    Session looked = session;
    if (looked != null) {
      looked.tick();
    }
  }

  private void ended(Session old, String reason, boolean hopeless) {
    if (old == session) {
      session = null;
      failed(reason, hopeless);
    }
  }

  /** It did not start, or ended: another one, after a pause, unless that would not help. */
  private void failed(String reason, boolean hopeless) {
    boolean lasted = nanoTime.getAsLong() - startedNanos > settings.lasting().toNanos();
    failures = lasted ? 1 : failures + 1;
    status = AgentStatus.down(reason);
    boolean isLast = linkUp && (hopeless || failures >= settings.tries());
    jobs.down(reason, isLast);
    if (!linkUp) {
      return;
    }
    if (isLast) {
      LOG.log(
          System.Logger.Level.WARNING,
          "No helper on the runtime until it is connected again: {0}. The mount works without, but"
              + " slower.",
          reason);
      return;
    }
    LOG.log(System.Logger.Level.INFO, "The helper on the runtime is gone: {0}", reason);
    int mine = start;
    ScheduledFuture<?> unused =
        decisions.schedule(
            () -> {
              if (mine == start && linkUp) {
                begin();
              }
            },
            settings.firstPause().toMillis() << (failures - 1),
            TimeUnit.MILLISECONDS);
  }

  /** What a run of the helper tells. */
  private final class Owner implements Session.Owner {
    @Override
    public void up(Session up, AgentStatus facts) {
      status = facts;
      current = up;
      jobs.up(up, facts.capabilities().contains(AgentJobs.CAPABILITY));
      LOG.log(
          System.Logger.Level.INFO,
          "The helper on the runtime is up (Python {0}, may watch {1} directories)",
          facts.python(),
          Long.toString(facts.watchLimit()));
      listeners.up();
    }

    @Override
    public void down(Session down) {
      if (current == down) {
        current = null;
        jobs.down("the helper on the runtime is gone", false);
        listeners.down();
      }
    }

    @Override
    public void news(ByteBuffer records) throws ProtocolException {
      News.tell(records, listeners);
    }

    @Override
    public void ended(Session old, String reason, boolean hopeless) {
      decisions.execute(() -> AgentTree.this.ended(old, reason, hopeless));
    }
  }
}
