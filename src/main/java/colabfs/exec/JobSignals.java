package colabfs.exec;

import colabfs.remote.RemoteJobs;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The signals for a job: kept while it cannot be reached, sent when it can.
 *
 * <p>Threading: any thread.
 */
final class JobSignals {
  private static final Logger LOG = System.getLogger(JobSignals.class.getName());

  /** Who interrupts again within that time wants to leave. */
  private static final Duration AGAIN = Duration.ofSeconds(5);

  private final RemoteJobs jobs;
  private final String id;
  private final Consumer<Runnable> again;
  private final Consumer<String> notices;
  private final CompletableFuture<Void> hungUp = new CompletableFuture<>();

  /** Guards what follows; nothing is sent or told under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Deque<String> waiting = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean reachable;

  @GuardedBy("lock")
  private boolean stopped;

  @GuardedBy("lock")
  private boolean interrupted;

  @GuardedBy("lock")
  private long interruptedNanos;

  /**
   * For a job.
   *
   * @param again does it soon, on a thread that may wait
   * @param notices is told in words when a signal has to wait
   */
  JobSignals(RemoteJobs jobs, String id, Consumer<Runnable> again, Consumer<String> notices) {
    this.jobs = jobs;
    this.id = id;
    this.again = again;
    this.notices = notices;
  }

  /**
   * Sends it, now or when the job can be reached.
   *
   * @return true for a second interrupt soon after the first, which is not sent
   */
  boolean send(ExecSignal signal) {
    boolean now;
    lock.lock();
    try {
      long nanos = System.nanoTime();
      if (signal == ExecSignal.INT) {
        if (interrupted && nanos - interruptedNanos < AGAIN.toNanos()) {
          return true;
        }
        interrupted = true;
        interruptedNanos = nanos;
      }
      waiting.add(signal.name());
      now = reachable;
    } finally {
      lock.unlock();
    }
    if (now) {
      sendWaiting();
    } else {
      notices.accept(
          "the command cannot be reached now; it gets the signal (%s) as soon as it can. Ctrl-C twice leaves it running"
              .formatted(signal));
    }
    return false;
  }

  /** Its terminal is gone. Completes when it has been told so. */
  CompletableFuture<Void> hangUp() {
    lock.lock();
    try {
      waiting.add(ExecSignal.HUP.name());
    } finally {
      lock.unlock();
    }
    sendWaiting();
    return hungUp;
  }

  void reachable() {
    lock.lock();
    try {
      reachable = true;
    } finally {
      lock.unlock();
    }
    sendWaiting();
  }

  void lost() {
    lock.lock();
    try {
      reachable = false;
    } finally {
      lock.unlock();
    }
  }

  /** It has ended, or nobody cares. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      waiting.clear();
    } finally {
      lock.unlock();
    }
  }

  private void sendWaiting() {
    List<String> now = new ArrayList<>();
    lock.lock();
    try {
      if (reachable && !stopped) {
        now.addAll(waiting);
        waiting.clear();
      }
    } finally {
      lock.unlock();
    }
    for (String signal : now) {
      var unused =
          jobs.signal(id, signal)
              .whenComplete(
                  (done, failure) -> {
                    if (JobFailures.isLost(failure)) {
                      keep(signal);
                    } else {
                      sent(signal, failure);
                    }
                  });
    }
  }

  private void keep(String signal) {
    lock.lock();
    try {
      waiting.add(signal);
    } finally {
      lock.unlock();
    }
    again.accept(this::sendWaiting);
  }

  private void sent(String signal, @Nullable Throwable failure) {
    if (failure != null) {
      LOG.log(Level.DEBUG, "signal " + signal + " to a job that has ended", failure);
    }
    if (signal.equals(ExecSignal.HUP.name())) {
      hungUp.complete(null);
    }
  }
}
