package colabfs.exec;

import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteJobs.Ended;
import colabfs.remote.RemoteJobs.Stream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A job that is started or followed, from one connection to the next. What it prints is delivered
 * byte for byte, once: it is asked for from the first byte that was not delivered.
 *
 * <p>Threading: all that is decided is decided by the thread that awaits it, one step after the
 * other; what comes from the runtime and from other threads becomes a step. What it prints is
 * bounded by the window that was granted.
 */
final class SupervisedCommand implements RunningCommand {
  /** What may be on its way: 100 Mbit/s at a round trip of 80 ms. */
  static final int WINDOW_BYTES = 1 << 20;

  /** Grants are gathered, as each is a packet. */
  private static final int GRANT_BYTES = WINDOW_BYTES / 4;

  /** How long who leaves waits for the end of what was typed before, when the link is down. */
  private static final Duration LAST_INPUT = Duration.ofSeconds(1);

  /** How long a command whose terminal is gone is followed, to tidy up after it. */
  private static final Duration LAST_LOOK = Duration.ofSeconds(10);

  private final RemoteJobs jobs;
  private final Barrier barrier;
  private final String id;
  private final JobRole role;
  private final ExecIo io;
  private final RemoteJobs.@Nullable Start start;
  private final JobView view;

  /** When it has ended, nothing of it stays on the runtime. */
  private final boolean forgets;

  private final BlockingQueue<Step> steps = new LinkedBlockingQueue<>();
  private final InputFeed input;
  private final JobSignals signals;

  // What follows belongs to the thread that awaits.

  private final JobOffsets offsets = new JobOffsets();
  private final Outage outage = new Outage();
  private RemoteJobs.@Nullable Attachment attachment;
  private int connections;
  private boolean started;
  private boolean hasInput;
  private boolean isRefused;
  private int ungranted;
  private @Nullable Integer code;

  /** Its end has come, and with it the news of what it changed. */
  private boolean isTold;

  /** Something that happened. */
  private interface Step {
    void take() throws ExecException;
  }

  private SupervisedCommand(
      RemoteJobs jobs,
      Barrier barrier,
      String id,
      JobRole role,
      ExecIo io,
      RemoteJobs.@Nullable Start start,
      @Nullable JobTerminal terminal,
      boolean forgets) {
    this.jobs = jobs;
    this.barrier = barrier;
    this.id = id;
    this.role = role;
    this.io = io;
    this.start = start;
    this.view = new JobView(io, terminal, this::hangUp);
    this.forgets = forgets;
    InputFeed.Taker taker =
        terminal == null
            ? (offset, end, bytes) -> jobs.input(id, offset, end, bytes)
            : terminal::type;
    this.input = new InputFeed(taker, words -> steps.add(() -> view.say(words)));
    this.signals =
        new JobSignals(
            jobs, id, work -> steps.add(work::run), words -> steps.add(() -> view.say(words)));
  }

  /** Starts a command, and follows it unless it is to be left at once. */
  static SupervisedCommand begun(
      RemoteJobs jobs, Barrier barrier, RemoteJobs.Start start, ExecIo io) {
    RemoteJobs.Terminal size = start.terminal();
    JobTerminal terminal = size == null ? null : JobTerminal.begun(jobs, start.id(), size);
    SupervisedCommand command =
        new SupervisedCommand(
            jobs, barrier, start.id(), JobRole.RUN, io, start, terminal, !start.detached());
    command.connect();
    if (!start.detached()) {
      command.hasInput = true;
      command.input.begin(0, io.stdin());
    }
    return command;
  }

  /**
   * Follows a job that runs already.
   *
   * @param terminal when it has one, and somebody is to attend to that
   * @param forgets nothing of it is to stay when its end was delivered
   */
  static SupervisedCommand following(
      RemoteJobs jobs,
      Barrier barrier,
      String id,
      JobRole role,
      ExecIo io,
      @Nullable JobTerminal terminal,
      boolean forgets) {
    SupervisedCommand command =
        new SupervisedCommand(jobs, barrier, id, role, io, null, terminal, forgets);
    command.started = true;
    command.hasInput = role != JobRole.ATTACH;
    return command;
  }

  /** Begins at those bytes of its streams. */
  SupervisedCommand from(long stdoutOffset, long stderrOffset) {
    offsets.set(Stream.STDOUT, stdoutOffset);
    offsets.set(Stream.STDERR, stderrOffset);
    connect();
    return this;
  }

  @Override
  public int await() throws ExecException, InterruptedException {
    try {
      while (code == null) {
        next().take();
      }
      return view.isAbandoned() ? BROKEN_PIPE : code;
    } finally {
      connections++;
      input.stop();
      signals.stop();
      if (attachment != null) {
        attachment.close();
      }
      barrier.changed(isTold);
    }
  }

  /** The next thing that happens; that the connection has been lost for long is one. */
  private Step next() throws InterruptedException {
    if (!outage.isUntold() || view.isAbandoned()) {
      return steps.take();
    }
    Step step = steps.poll(outage.quietNanos(), TimeUnit.NANOSECONDS);
    return step != null
        ? step
        : () -> {
          outage.tell();
          view.say("the connection is lost; the command goes on, waiting to reconnect");
        };
  }

  @Override
  public void signal(ExecSignal signal) {
    if (role == JobRole.LOGS || role == JobRole.FOLLOW) {
      hangUp();
    } else if (signals.send(signal)) {
      detach();
    }
  }

  /** What was read of its input before is given to it. */
  @Override
  public void detach() {
    var unused =
        input
            .taken()
            .completeOnTimeout(null, LAST_INPUT.toMillis(), TimeUnit.MILLISECONDS)
            .thenRun(() -> steps.add(this::leftRunning));
  }

  private void leftRunning() {
    view.say(
        "left running as job %1$s. Back to it: colabfs attach %1$s; end it: colabfs kill %1$s"
            .formatted(id));
    code = INTERRUPTED;
  }

  @Override
  public boolean hasTerminal() {
    return view.hasTerminal();
  }

  @Override
  public void resize(int rows, int columns) {
    view.resize(rows, columns);
  }

  @Override
  public void hangUp() {
    view.abandon();
    if (role != JobRole.RUN || view.hasTerminal() || (start != null && start.detached())) {
      steps.add(() -> code = BROKEN_PIPE);
      return;
    }
    var unused =
        signals
            .hangUp()
            .thenRunAsync(
                () -> steps.add(() -> code = BROKEN_PIPE),
                CompletableFuture.delayedExecutor(LAST_LOOK.toMillis(), TimeUnit.MILLISECONDS));
  }

  @Override
  public void leave() {
    steps.add(this::mountEnds);
  }

  private void mountEnds() throws ExecException {
    throw new ExecException(
        "the mount ended; the command goes on. Mount again, and go back to it: colabfs attach "
            + id);
  }

  // Steps: on the thread that awaits.

  private void connect() {
    int mine = ++connections;
    RemoteJobs.Start starting = start;
    outage.tried();
    if (starting != null && !started) {
      var unused =
          jobs.start(starting)
              .whenComplete((done, failure) -> steps.add(() -> started(mine, failure)));
    }
    if (starting == null || !starting.detached()) {
      RemoteJobs.Attachment made =
          jobs.attach(
              id, offsets.of(Stream.STDOUT), offsets.of(Stream.STDERR), WINDOW_BYTES, sink(mine));
      attachment = made;
      ungranted = 0;
      var unused =
          made.ended().whenComplete((end, failure) -> steps.add(() -> ended(mine, end, failure)));
    }
    input.connected();
    if (started) {
      signals.reachable();
    }
  }

  private RemoteJobs.Output sink(int mine) {
    return new RemoteJobs.Output() {
      @Override
      public void state(long inputBytes, long stdoutBytes, long stderrBytes) {
        current(() -> found(inputBytes, stdoutBytes, stderrBytes));
      }

      @Override
      public void modes(byte[] sequences) {
        current(() -> view.modes(sequences));
      }

      @Override
      public void bytes(Stream stream, long offset, byte[] bytes) {
        current(() -> printed(stream, offset, bytes));
      }

      @Override
      public void gap(Stream stream, long from, long to) {
        current(() -> missed(stream, from, to));
      }

      /** What comes over an earlier connection does not count. */
      private void current(Runnable work) {
        steps.add(
            () -> {
              if (mine == connections) {
                work.run();
              }
            });
      }
    };
  }

  private void found(long inputBytes, long stdoutBytes, long stderrBytes) {
    outage.isOver();
    if (!hasInput) {
      hasInput = true;
      input.begin(view.hasTerminal() ? 0 : inputBytes, io.stdin());
      input.connected();
    }
    view.reached(stdoutBytes);
    if (role == JobRole.LOGS) {
      offsets.want(stdoutBytes, stderrBytes);
      endLogs();
    }
  }

  private void endLogs() {
    if (offsets.isThere()) {
      code = 0;
    }
  }

  private void printed(Stream stream, long offset, byte[] bytes) {
    outage.isOver();
    view.printed(stream, offset, bytes);
    offsets.set(stream, offset + bytes.length);
    ungranted += bytes.length;
    if (ungranted >= GRANT_BYTES && attachment != null) {
      attachment.grant(ungranted);
      ungranted = 0;
    }
    endLogs();
  }

  private void missed(Stream stream, long from, long to) {
    view.missed(to - from);
    offsets.set(stream, to);
    endLogs();
  }

  private void started(int mine, @Nullable Throwable failure) throws ExecException {
    if (failure == null) {
      boolean isFirst = !started;
      started = true;
      if (start != null && start.detached()) {
        view.deliver(io.stdout(), (id + "\n").getBytes(StandardCharsets.US_ASCII));
        code = 0;
      } else if (isFirst && mine == connections) {
        signals.reachable();
        if (isRefused) {
          connect();
        }
      }
    } else if (JobFailures.isLost(failure)) {
      if (attachment == null) {
        lose(mine);
      }
    } else {
      throw JobFailures.start(start == null ? "" : start.directory(), failure);
    }
  }

  private void ended(int mine, @Nullable Ended end, @Nullable Throwable failure)
      throws ExecException {
    if (mine != connections) {
      return;
    }
    if (failure == null) {
      finish(Objects.requireNonNull(end));
    } else if (JobFailures.isLost(failure)) {
      lose(mine);
    } else if (!started && JobFailures.isUnknown(failure)) {
      isRefused = true; // the answer to its start tells more
    } else {
      throw JobFailures.follow(id, failure);
    }
  }

  private void finish(Ended end) {
    isTold = true;
    long missing = offsets.missing(end);
    if (missing > 0 && !view.hasTerminal()) {
      view.say("%d bytes of output did not arrive".formatted(missing));
    }
    code = role == JobRole.RUN || role == JobRole.ATTACH ? end.code() : 0;
    if (forgets) {
      JobsService.forget(jobs, id);
    }
  }

  private void lose(int mine) {
    if (mine != connections) {
      return;
    }
    connections++;
    attachment = null;
    input.lost();
    signals.lost();
    long pauseMillis = outage.begins().toMillis();
    var unused =
        jobs.ready()
            .whenCompleteAsync(
                (done, failure) -> steps.add(failure == null ? this::back : this::mountEnds),
                CompletableFuture.delayedExecutor(pauseMillis, TimeUnit.MILLISECONDS));
  }

  private void back() {
    if (outage.toldBefore()) {
      view.say("connected again");
    }
    connect();
  }
}
