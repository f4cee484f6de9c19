package colabfs.agent;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteJob;
import colabfs.remote.RemoteJobs;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Jobs by way of the helper. {@link AgentTree} tells it when there is one.
 *
 * <p>Threading: any thread.
 */
@SuppressWarnings("NullAway") // a future of Void has no value but null
final class AgentJobs implements RemoteJobs {
  /** What a helper says that can keep commands. */
  static final String CAPABILITY = "jobs";

  /** Guards what follows; nothing is taken and nobody told under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private State state = State.COMING;

  @GuardedBy("lock")
  private String reason = "there is no connection yet";

  @GuardedBy("lock")
  private @Nullable Session session;

  @GuardedBy("lock")
  private CompletableFuture<Void> ready = new CompletableFuture<>();

  @GuardedBy("lock")
  private CompletableFuture<State> settled = new CompletableFuture<>();

  @GuardedBy("lock")
  private boolean closed;

  /** A helper has come; whether it knows jobs. */
  void up(Session up, boolean able) {
    if (able) {
      become(State.READY, "", up);
    } else {
      become(
          State.ABSENT, "the helper on the runtime does not keep commands (it needs Linux)", null);
    }
  }

  /**
   * There is no helper.
   *
   * @param hopeless nor will there be one on this connection
   */
  void down(String why, boolean hopeless) {
    become(hopeless ? State.ABSENT : State.COMING, why, null);
  }

  private void become(State newState, String why, @Nullable Session up) {
    CompletableFuture<Void> toldReady = null;
    CompletableFuture<State> toldSettled = null;
    lock.lock();
    try {
      state = newState;
      reason = why;
      session = up;
      if (newState == State.READY) {
        toldReady = ready;
      } else if (ready.isDone() && !closed) {
        ready = new CompletableFuture<>();
      }
      if (newState != State.COMING) {
        toldSettled = settled;
        settled = closed ? settled : new CompletableFuture<>();
      }
    } finally {
      lock.unlock();
    }
    if (toldReady != null) {
      toldReady.complete(null);
    }
    if (toldSettled != null) {
      toldSettled.complete(newState);
    }
  }

  /** The mount ends: who waits is told so. */
  void close() {
    CompletableFuture<Void> toldReady;
    CompletableFuture<State> toldSettled;
    lock.lock();
    try {
      closed = true;
      state = State.COMING;
      session = null;
      reason = "the mount ends";
      toldReady = ready.isDone() ? new CompletableFuture<>() : ready;
      ready = toldReady;
      toldSettled = settled;
    } finally {
      lock.unlock();
    }
    FsException over = new FsException(Errno.ENOTCONN, "the mount ends");
    toldReady.completeExceptionally(over);
    toldSettled.completeExceptionally(over);
  }

  @Override
  public State state() {
    lock.lock();
    try {
      return state;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String reason() {
    lock.lock();
    try {
      return reason;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public CompletableFuture<State> settled() {
    lock.lock();
    try {
      return state == State.COMING ? settled.copy() : CompletableFuture.completedFuture(state);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public CompletableFuture<Void> ready() {
    lock.lock();
    try {
      return ready.copy();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public CompletableFuture<Void> start(Start start) {
    StartFrame frame = new StartFrame(start);
    if (frame.isTooLong()) {
      return CompletableFuture.failedFuture(
          new FsException(Errno.EFBIG, "the command and its environment are too long"));
    }
    return ask(
        new JobCall<>(
            "the start of " + Fields.printable(start.shown()),
            false,
            frame::write,
            payload -> {
              Fields.require(payload, Integer.BYTES);
              payload.getInt(); // the process's number, which nobody here needs
              return null;
            }));
  }

  @Override
  public Attachment attach(
      String id, long stdoutOffset, long stderrOffset, int windowBytes, Output output) {
    AttachCall call = new AttachCall(id, stdoutOffset, stderrOffset, windowBytes, output);
    Session up = current();
    CompletableFuture<Ended> ended = up == null ? gone() : call.result();
    if (up != null) {
      up.ask(call);
    }
    return new Attachment() {
      @Override
      public CompletableFuture<Ended> ended() {
        return ended;
      }

      @Override
      public void grant(int bytes) {
        if (up != null && !ended.isDone()) {
          up.tell(call.grant(bytes));
        }
      }

      @Override
      public void close() {
        ended.cancel(false);
      }
    };
  }

  @Override
  public CompletableFuture<Long> input(String id, long offset, boolean end, ByteBuffer bytes) {
    return input(
        Protocol.INPUT,
        id,
        Long.BYTES + 1,
        head -> head.putLong(offset).put((byte) (end ? 1 : 0)),
        bytes);
  }

  @Override
  public CompletableFuture<Long> type(String id, long typist, long offset, ByteBuffer bytes) {
    return input(
        Protocol.TYPE, id, 2 * Long.BYTES, head -> head.putLong(typist).putLong(offset), bytes);
  }

  private CompletableFuture<Long> input(
      int kind, String id, int placeBytes, Consumer<ByteBuffer> place, ByteBuffer bytes) {
    if (bytes.remaining() > INPUT_BYTES) {
      throw new IllegalArgumentException("too much input at once: " + bytes.remaining());
    }
    byte[] name = ascii(id);
    return ask(
        new JobCall<>(
            "input of job " + id,
            true,
            number ->
                Chunks.frame(
                    kind,
                    number,
                    Fields.textBytes(name) + placeBytes,
                    head -> {
                      Fields.putText(head, name);
                      place.accept(head);
                    },
                    bytes.duplicate()),
            Fields::readLength));
  }

  @Override
  public CompletableFuture<Offsets> since(String id, Instant when) {
    Duration sinceEpoch = Duration.between(Instant.EPOCH, when);
    return since(id, Math.max(0, sinceEpoch.toNanos()));
  }

  @Override
  public CompletableFuture<Offsets> since(String id, Duration before) {
    return since(id, -Math.max(1, before.toNanos()));
  }

  private CompletableFuture<Offsets> since(String id, long nanos) {
    return about(
        "the times of job ",
        Protocol.SINCE,
        id,
        Long.BYTES,
        frame -> frame.putLong(nanos),
        payload -> new Offsets(Fields.readLength(payload), Fields.readLength(payload)));
  }

  @Override
  public CompletableFuture<Void> signal(String id, String signal) {
    byte[] name = ascii(signal);
    return about(
        "a signal to job ",
        Protocol.SIGNAL,
        id,
        Fields.textBytes(name),
        frame -> {
          Fields.putText(frame, name);
          return frame;
        });
  }

  @Override
  public CompletableFuture<Void> resize(String id, int rows, int columns) {
    return about(
        "the size of job ",
        Protocol.RESIZE,
        id,
        2 * Short.BYTES,
        frame -> frame.putShort((short) rows).putShort((short) columns));
  }

  @Override
  public CompletableFuture<List<RemoteJob>> list() {
    return ask(new JobListCall());
  }

  @Override
  public CompletableFuture<Void> remove(String id) {
    return about("the removal of job ", Protocol.REMOVE, id, 0, frame -> frame);
  }

  private CompletableFuture<Void> about(
      String what, int kind, String id, int more, UnaryOperator<ByteBuffer> rest) {
    return about(what, kind, id, more, rest, payload -> null);
  }

  private <T> CompletableFuture<T> about(
      String what,
      int kind,
      String id,
      int more,
      UnaryOperator<ByteBuffer> rest,
      JobCall.Reader<T> reader) {
    byte[] name = ascii(id);
    return ask(
        new JobCall<>(
            what + id,
            false,
            number -> {
              ByteBuffer frame = Frame.prepare(kind, number, Fields.textBytes(name) + more);
              Fields.putText(frame, name);
              return rest.apply(frame).flip();
            },
            reader));
  }

  private <T> CompletableFuture<T> ask(Call<T> call) {
    Session up = current();
    if (up == null) {
      return gone();
    }
    up.ask(call);
    return call.result();
  }

  private @Nullable Session current() {
    lock.lock();
    try {
      return session;
    } finally {
      lock.unlock();
    }
  }

  private <T> CompletableFuture<T> gone() {
    return CompletableFuture.failedFuture(
        new FsException(Errno.ENOTCONN, "the runtime cannot be asked: " + reason()));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
