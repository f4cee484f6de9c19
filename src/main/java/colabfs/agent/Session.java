package colabfs.agent;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteProcess;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of the helper, from its start to its end: sends what is asked, gives out what is
 * answered, and ends once, for whatever reason.
 *
 * <p>Threading: any thread; three of its own for the process's streams. All that others are told is
 * told under the delivery lock, which is taken before {@link #lock}.
 */
final class Session {

  /** Unanswered at once, changes not counted; the helper takes 4,096 with them. */
  private static final int MOST_QUESTIONS = 2048;

  /** For the status of a process whose output has ended. */
  private static final long EXIT_MILLIS = 1_000;

  private static final int GREETING = 0;

  private final RemoteProcess process;
  private final Owner owner;
  private final ReentrantLock delivery;
  private final AgentSettings settings;
  private final Liveness liveness;
  private final Outgoing outgoing = new Outgoing();
  private final LastWords lastWords = new LastWords();
  private final Thread writer;
  private final Thread errors;

  /** Guards what follows; that of {@link Outgoing} is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Integer, Call<?>> calls = new HashMap<>();

  @GuardedBy("lock")
  private int lastNumber = GREETING;

  @GuardedBy("lock")
  private int changes;

  @GuardedBy("lock")
  private boolean closed;

  /** Guarded by the delivery lock. */
  private boolean greeted;

  private volatile long watches;

  /** Who started it. */
  interface Owner {
    /** It can be asked; under the delivery lock. */
    void up(Session session, AgentStatus status);

    /** It cannot be asked any more, if it could; under the delivery lock. */
    void down(Session session);

    /** What it tells unasked; under the delivery lock. */
    void news(ByteBuffer records) throws ProtocolException;

    /**
     * It has ended.
     *
     * @param hopeless another one would end as well
     */
    void ended(Session session, String reason, boolean hopeless);
  }

  Session(
      RemoteProcess process,
      Owner owner,
      ReentrantLock delivery,
      AgentSettings settings,
      LongSupplier nanoTime,
      byte[] program,
      String root) {
    this.process = process;
    this.owner = owner;
    this.delivery = delivery;
    this.settings = settings;
    this.liveness = new Liveness(settings, nanoTime);
    this.writer = daemon("write", () -> write(program));
    this.errors = daemon("errors", () -> lastWords.read(process.stderr()));
    byte[] path = root.getBytes(StandardCharsets.UTF_8);
    ByteBuffer hello =
        Frame.prepare(Protocol.HELLO, GREETING, Integer.BYTES + Fields.textBytes(path))
            .putInt(Protocol.VERSION);
    Fields.putText(hello, path);
    outgoing.ask(Outgoing.one(hello.flip()));
  }

  void start() {
    errors.start();
    writer.start();
    daemon("read", this::read).start();
  }

  private static Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(work, "colabfs-agent-" + name);
    thread.setDaemon(true);
    return thread;
  }

  /** How many directories are watched, as was said last. */
  long watches() {
    return watches;
  }

  void watches(long count) {
    watches = count;
  }

  /** Asks; the call fails when it is too late. */
  void ask(Call<?> call) {
    FsException failure = null;
    lock.lock();
    try {
      if (closed) {
        failure = gone("it has ended");
      } else if (!(call instanceof ChangeCall) && calls.size() - changes >= MOST_QUESTIONS) {
        failure = new FsException(Errno.EAGAIN, "too much is asked of the helper at once");
      } else {
        submitLocked(call);
      }
    } finally {
      lock.unlock();
    }
    if (failure != null) {
      call.fail(failure);
    }
  }

  /** Sends a frame that has no answer. */
  void tell(ByteBuffer frame) {
    outgoing.ask(Outgoing.one(frame));
  }

  @GuardedBy("lock")
  private void submitLocked(Call<?> call) {
    int number = ++lastNumber;
    calls.put(number, call);
    if (call instanceof ChangeCall change) {
      changes++;
      outgoing.change(change.message(number), change.contentBytes());
      return;
    }
    if (call instanceof JobCall<?> job && job.isInput()) {
      outgoing.askLast(call.message(number));
    } else {
      outgoing.ask(call.message(number));
    }
    CompletableFuture<?> unused =
        call.result()
            .whenComplete(
                (value, failure) -> {
                  if (call.result().isCancelled()) {
                    outgoing.ask(Outgoing.one(Frame.prepare(Protocol.CANCEL, number, 0).flip()));
                  }
                });
  }

  /** Looks whether it is still alive; called now and then. */
  void tick() {
    boolean isBusy;
    lock.lock();
    try {
      isBusy = !closed && !calls.isEmpty();
    } finally {
      lock.unlock();
    }
    switch (liveness.look(isGreeted(), isBusy)) {
      case FINE -> {}
      case ASK -> ping();
      case SILENT -> end("it was silent for " + settings.silence().toSeconds() + " s", false);
      case NEVER_GREETED ->
          end("it did not answer within " + settings.greeting().toSeconds() + " s", false);
    }
  }

  private boolean isGreeted() {
    delivery.lock();
    try {
      return greeted;
    } finally {
      delivery.unlock();
    }
  }

  private void ping() {
    PingCall ping = new PingCall();
    CompletableFuture<?> unused =
        ping.result()
            .whenComplete(
                (count, failure) -> {
                  liveness.answered();
                  if (failure == null) {
                    watches = count;
                  }
                });
    ask(ping);
  }

  private void write(byte[] program) {
    try {
      OutputStream out = process.stdin();
      out.write(program);
      out.flush();
      outgoing.sendTo(out, liveness::moved);
    } catch (IOException e) {
      liveness.moved(); // the end of what it says tells more
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void read() {
    FrameInput in = new FrameInput(process.stdout(), liveness::moved);
    String reason;
    boolean isHopeless = false;
    try {
      in.awaitMagic();
      for (Frame frame = in.read(); frame != null; frame = in.read()) {
        deliver(frame);
      }
      reason = "it ended";
    } catch (IOException e) {
      reason = String.valueOf(e.getMessage());
    }
    if (!isGreeted()) {
      Integer code = exitCode();
      isHopeless = code != null && (code == Bootstrap.NOT_FOUND || code == Bootstrap.TOO_OLD);
      if (isHopeless) {
        reason = "there is no python3 on the runtime, or it is older than 3.8";
      } else if (code != null) {
        reason += " (exit status " + code + ")";
      }
      awaitLastWords();
    }
    String words = lastWords.text();
    end(words.isEmpty() || isHopeless ? reason : reason + "; it said: " + words, isHopeless);
  }

  private @Nullable Integer exitCode() {
    try {
      return process.exit().get(EXIT_MILLIS, TimeUnit.MILLISECONDS).code();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (ExecutionException | TimeoutException e) {
      return null;
    }
  }

  /** They come by another stream than the end. */
  private void awaitLastWords() {
    try {
      errors.join(EXIT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void deliver(Frame frame) throws ProtocolException {
    delivery.lock();
    try {
      if (isClosed()) {
        return;
      }
      switch (frame.kind()) {
        case Protocol.WELCOME -> welcome(frame);
        case Protocol.NEWS -> owner.news(Chunks.open(frame.payload()));
        case Protocol.CHUNK, Protocol.OUTPUT, Protocol.DONE, Protocol.PONG, Protocol.ERROR ->
            answer(frame);
        case Protocol.FATAL -> throw new ProtocolException("it gave up: " + words(frame.payload()));
        default -> throw new ProtocolException("a frame of unknown kind " + frame.kind());
      }
    } finally {
      delivery.unlock();
    }
  }

  private static String words(ByteBuffer payload) {
    return Fields.printable(StandardCharsets.UTF_8.decode(payload).toString());
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private void welcome(Frame frame) throws ProtocolException {
    if (greeted) {
      throw new ProtocolException("it greets twice");
    }
    AgentStatus status = Welcome.read(frame.payload());
    greeted = true;
    owner.up(this, status);
  }

  private void answer(Frame frame) throws ProtocolException {
    if (!greeted && frame.kind() == Protocol.ERROR) {
      throw new ProtocolException("it cannot serve the directory: " + words(frame.payload()));
    }
    boolean isLast = frame.kind() != Protocol.CHUNK && frame.kind() != Protocol.OUTPUT;
    Call<?> call = call(frame.request(), isLast);
    if (call == null || (frame.kind() == Protocol.PONG) != (call instanceof PingCall)) {
      throw new ProtocolException("an answer to nothing that was asked");
    }
    try {
      switch (frame.kind()) {
        case Protocol.CHUNK -> call.chunk(Chunks.open(frame.payload()));
        case Protocol.OUTPUT -> call.output(frame.payload());
        case Protocol.ERROR -> call.refuse(frame.payload());
        default -> call.complete(frame.payload());
      }
    } catch (ProtocolException e) {
      call.fail(gone(e.getMessage()));
      throw e;
    } catch (RuntimeException e) { // of a sink, or of what follows a future
      System.getLogger(Session.class.getName())
          .log(System.Logger.Level.ERROR, "what takes the helper's answers failed", e);
      call.fail(new FsException(Errno.EIO, "the answer could not be taken: " + e, e));
    }
  }

  private @Nullable Call<?> call(int number, boolean isLast) {
    lock.lock();
    try {
      if (!isLast) {
        return calls.get(number);
      }
      Call<?> call = calls.remove(number);
      if (call instanceof ChangeCall change) {
        changes--;
        outgoing.answered(change.contentBytes());
      }
      return call;
    } finally {
      lock.unlock();
    }
  }

  /** Ends it, unless it has ended; what is unanswered fails. */
  void end(String reason, boolean hopeless) {
    List<Call<?>> left;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      left = List.copyOf(calls.values());
      calls.clear();
    } finally {
      lock.unlock();
    }
    outgoing.close();
    process.close();
    writer.interrupt();
    delivery.lock();
    try {
      owner.down(this);
      left.forEach(call -> call.fail(gone(reason)));
    } finally {
      delivery.unlock();
    }
    owner.ended(this, reason, hopeless);
  }

  private static FsException gone(@Nullable String reason) {
    return new FsException(Errno.ENOTCONN, "the helper on the runtime is gone: " + reason);
  }
}
