package colabfs.exec;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteJob;
import colabfs.remote.RemoteJobs;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A runtime's jobs as a test tells them: what is asked is written down, and answered by the test.
 */
@SuppressWarnings("NullAway") // a future of Void has no value but null
final class ScriptedJobs implements RemoteJobs {
  /** What was asked, in words. */
  final BlockingQueue<String> asked = new LinkedBlockingQueue<>();

  final List<Attached> attached = new CopyOnWriteArrayList<>();
  final List<CompletableFuture<Void>> starts = new CopyOnWriteArrayList<>();
  final ByteArrayOutputStream input = new ByteArrayOutputStream();
  final List<RemoteJob> jobs = new ArrayList<>();

  volatile State state = State.READY;
  volatile CompletableFuture<Void> ready = CompletableFuture.completedFuture(null);

  /** How much of the input arrives before the connection goes. */
  volatile long inputBytes = Long.MAX_VALUE;

  /** The next answer to input; null for success. */
  volatile @Nullable FsException inputFailure;

  /** Somebody who follows. */
  static final class Attached implements Attachment {
    final Output output;
    final CompletableFuture<Ended> ended = new CompletableFuture<>();
    final AtomicInteger granted = new AtomicInteger();

    Attached(Output output) {
      this.output = output;
    }

    @Override
    public CompletableFuture<Ended> ended() {
      return ended;
    }

    @Override
    public void grant(int bytes) {
      granted.addAndGet(bytes);
    }

    @Override
    public void close() {
      ended.cancel(false);
    }
  }

  /** The next thing that is asked. */
  String next() throws InterruptedException {
    return String.valueOf(asked.poll(20, TimeUnit.SECONDS));
  }

  /** The next one that is not about input. */
  String nextOther() throws InterruptedException {
    String next = next();
    while (next.startsWith("input")) {
      next = next();
    }
    return next;
  }

  Attached last() {
    return attached.get(attached.size() - 1);
  }

  /** The connection goes: what is asked from now on is not answered, and what was fails. */
  void lose() {
    state = State.COMING;
    ready = new CompletableFuture<>();
    starts.forEach(start -> start.completeExceptionally(gone()));
    last().ended.completeExceptionally(gone());
  }

  /** It is back. */
  void comeBack() {
    state = State.READY;
    ready.complete(null);
  }

  static FsException gone() {
    return new FsException(Errno.ENOTCONN, "gone");
  }

  @Override
  public State state() {
    return state;
  }

  @Override
  public String reason() {
    return "as the test says";
  }

  @Override
  public CompletableFuture<State> settled() {
    return ready.thenApply(done -> state);
  }

  @Override
  public CompletableFuture<Void> ready() {
    return ready.copy();
  }

  @Override
  public CompletableFuture<Void> start(Start start) {
    asked.add(
        "start " + start.shown() + " in " + start.directory() + (start.detached() ? " &" : ""));
    CompletableFuture<Void> answer = new CompletableFuture<>();
    starts.add(answer);
    return answer;
  }

  @Override
  public Attachment attach(
      String id, long stdoutOffset, long stderrOffset, int windowBytes, Output output) {
    Attached made = new Attached(output);
    attached.add(made);
    asked.add("attach " + stdoutOffset + " " + stderrOffset);
    return made;
  }

  @Override
  public synchronized CompletableFuture<Long> input(
      String id, long offset, boolean end, ByteBuffer bytes) {
    asked.add("input " + offset + "+" + bytes.remaining() + (end ? " end" : ""));
    FsException failure = inputFailure;
    if (state != State.READY || input.size() >= inputBytes) {
      return CompletableFuture.failedFuture(gone());
    }
    if (failure != null) {
      inputFailure = null;
      return CompletableFuture.failedFuture(failure);
    }
    if (offset > input.size()) {
      return CompletableFuture.failedFuture(new FsException(Errno.EINVAL, "a hole"));
    }
    int known = (int) Math.min(bytes.remaining(), input.size() - offset);
    while (bytes.remaining() > known) {
      input.write(bytes.get(bytes.position() + known));
      known++;
    }
    return CompletableFuture.completedFuture((long) input.size());
  }

  @Override
  public CompletableFuture<Long> type(String id, long typist, long offset, ByteBuffer bytes) {
    asked.add("type " + offset + "+" + bytes.remaining());
    return state == State.READY
        ? CompletableFuture.completedFuture(offset + bytes.remaining())
        : CompletableFuture.failedFuture(gone());
  }

  @Override
  public CompletableFuture<Offsets> since(String id, Instant when) {
    asked.add("since " + when);
    return CompletableFuture.completedFuture(new Offsets(4, 0));
  }

  @Override
  public CompletableFuture<Offsets> since(String id, Duration before) {
    asked.add("since " + before);
    return CompletableFuture.completedFuture(new Offsets(4, 0));
  }

  @Override
  public CompletableFuture<Void> signal(String id, String signal) {
    asked.add("signal " + signal);
    return state == State.READY
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.failedFuture(gone());
  }

  @Override
  public CompletableFuture<Void> resize(String id, int rows, int columns) {
    asked.add("resize " + rows + " " + columns);
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<List<RemoteJob>> list() {
    return CompletableFuture.completedFuture(jobs);
  }

  @Override
  public CompletableFuture<Void> remove(String id) {
    asked.add("remove");
    return CompletableFuture.completedFuture(null);
  }
}
