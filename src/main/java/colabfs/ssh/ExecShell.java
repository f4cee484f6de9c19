package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteJobs.Terminal;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands on one live connection, at most so many at once as the server has channels; further
 * ones wait for their turn. A server with a lower limit shows it by refusing a channel, and is
 * remembered.
 *
 * <p>Threading: any thread.
 */
final class ExecShell implements RemoteShell {

  /** OpenSSH gives ten channels to a connection (MaxSessions); two are SFTP's. */
  static final int MOST_AT_ONCE = 8;

  private final Opener opener;
  private final ScheduledExecutorService timer;
  private final Duration startTimeout;

  /** Guards what follows; nothing is taken, and no future ended, under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Queue<Request> waiting = new ArrayDeque<>();
  private int running;
  private int limit = MOST_AT_ONCE;

  private record Request(
      String commandLine, @Nullable Terminal terminal, CompletableFuture<RemoteProcess> result) {}

  /** Opens a channel for a command line, at a terminal if there is to be one. */
  interface Opener {
    ExecChannel open(String commandLine, @Nullable Terminal terminal);
  }

  ExecShell(Opener opener, ScheduledExecutorService timer, Duration startTimeout) {
    this.opener = opener;
    this.timer = timer;
    this.startTimeout = startTimeout;
  }

  @Override
  public CompletableFuture<RemoteProcess> start(String commandLine) {
    return start(new Request(commandLine, null, new CompletableFuture<>()));
  }

  @Override
  public CompletableFuture<RemoteProcess> start(String commandLine, Terminal terminal) {
    return start(new Request(commandLine, terminal, new CompletableFuture<>()));
  }

  private CompletableFuture<RemoteProcess> start(Request request) {
    lock.lock();
    try {
      waiting.add(request);
    } finally {
      lock.unlock();
    }
    startNext();
    return request.result;
  }

  /** Ends everything that waits for its turn. */
  void connectionLost() {
    while (true) {
      Request request;
      lock.lock();
      try {
        request = waiting.poll();
      } finally {
        lock.unlock();
      }
      if (request == null) {
        return;
      }
      request.result.completeExceptionally(
          new FsException(
              Errno.ENOTCONN, "the connection was lost before the command had started"));
    }
  }

  private void startNext() {
    while (true) {
      Request request;
      lock.lock();
      try {
        request = running < limit ? waiting.poll() : null;
        if (request == null) {
          return;
        }
        running++;
      } finally {
        lock.unlock();
      }
      if (request.result.isDone()) {
        finished(); // its caller gave up
      } else {
        open(request);
      }
    }
  }

  private void open(Request request) {
    ExecChannel channel = opener.open(request.commandLine, request.terminal);
    ScheduledFuture<?> tooLate =
        timer.schedule(() -> giveUp(channel), startTimeout.toMillis(), TimeUnit.MILLISECONDS);
    CompletableFuture<?> unused =
        channel
            .started()
            .whenComplete(
                (process, failure) -> {
                  tooLate.cancel(false);
                  if (process != null) {
                    channel.addCloseFutureListener(closed -> finished());
                    if (!request.result.complete(process)) {
                      process.close(); // its caller gave up meanwhile
                    }
                  } else if (failure instanceof ExecChannel.NotOpened && lowerLimit(request)) {
                    startNext();
                  } else {
                    finished();
                    request.result.completeExceptionally(fsFailure(failure));
                  }
                });
  }

  private void giveUp(ExecChannel channel) {
    boolean wasLate =
        channel
            .started()
            .completeExceptionally(
                new FsException(
                    Errno.ETIMEDOUT,
                    "the server did not start the command within "
                        + startTimeout.toSeconds()
                        + " s"));
    if (wasLate) {
      channel.close(false);
    }
  }

  private static FsException fsFailure(Throwable failure) {
    return failure instanceof FsException known
        ? known
        : new FsException(
            Errno.EACCES, "the server opens no channel for a command: " + failure, failure);
  }

  /** Puts a refused command back to wait for one that runs; false when there is none. */
  private boolean lowerLimit(Request request) {
    lock.lock();
    try {
      running--;
      if (running == 0) {
        running++;
        return false;
      }
      limit = Math.max(1, Math.min(limit, running));
      waiting.add(request);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void finished() {
    lock.lock();
    try {
      running--;
    } finally {
      lock.unlock();
    }
    startNext();
  }
}
