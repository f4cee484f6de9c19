package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteShell;
import colabfs.ssh.ConnectFailure.Reason;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls over connections that come and go, without any network. */
@Timeout(30)
final class ReconnectingFsTest {
  private static final RemotePath FILE = RemotePath.of("/file");

  private final FakeLink first = new FakeLink();
  private final Links links = new Links();
  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final Lifeline lifeline =
      new Lifeline(first, links, new Backoff(new Random(1)), InstantSource.system());
  private final RemoteFs fs = fs(Duration.ofSeconds(10));

  @AfterEach
  void close() {
    lifeline.close();
    timer.shutdownNow();
  }

  @Test
  void call_whileConnected_goesToTheConnection() {
    CompletableFuture<?> call = fs.lstat(FILE);
    assertThat(call).isNotDone();
    first.answer();
    assertThat(call).isCompleted();
  }

  @Test
  void call_whileAway_waitsForTheNextConnection() {
    first.cut();
    CompletableFuture<?> call = fs.mkdir(FILE, 0755);
    FakeLink second = links.provide();
    second.answerNext();
    assertThat(call).succeedsWithin(Duration.ofSeconds(5));
    assertThat(second.calls).hasValue(1);
    assertThat(lifeline.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
  }

  @Test
  void callsInFlight_thatOnlyLook_areMadeAgain() {
    CompletableFuture<?> lstat = fs.lstat(FILE);
    CompletableFuture<?> list = fs.list(FILE);
    CompletableFuture<?> readlink = fs.readlink(FILE);
    CompletableFuture<?> statvfs = fs.statvfs(FILE);
    CompletableFuture<?> chmod = fs.setattr(FILE, AttrChange.permissions(0644));
    CompletableFuture<?> open = fs.open(FILE, Set.of(OpenFlag.READ, OpenFlag.WRITE), 0);
    first.cut();
    FakeLink second = links.provide();
    Awaitility.await().until(() -> second.calls.get() == 6);
    second.answer();
    assertThat(CompletableFuture.allOf(lstat, list, readlink, statvfs, chmod, open))
        .succeedsWithin(Duration.ofSeconds(5));
  }

  @Test
  void callsInFlight_thatChangeSomething_tellThatTheConnectionWent() {
    List<CompletableFuture<?>> calls =
        List.of(
            fs.mkdir(FILE, 0755),
            fs.rmdir(FILE),
            fs.unlink(FILE),
            fs.rename(FILE, RemotePath.ROOT),
            fs.renameNew(FILE, RemotePath.ROOT),
            fs.symlink("x", FILE),
            fs.link(FILE, RemotePath.ROOT),
            fs.setattr(FILE, AttrChange.size(0)),
            fs.open(FILE, Set.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644),
            fs.open(FILE, Set.of(OpenFlag.WRITE, OpenFlag.TRUNCATE), 0644));
    assertThat(calls).noneMatch(CompletableFuture::isDone);
    first.cut();
    assertThat(calls).allMatch(call -> failureOf(call).errno() == Errno.ENOTCONN);
  }

  @Test
  void otherFailures_areNotRepeated() {
    CompletableFuture<?> call = fs.lstat(FILE);
    first.fail(new FsException(Errno.ETIMEDOUT, "slow"));
    assertThat(failureOf(call).errno()).isEqualTo(Errno.ETIMEDOUT);
    assertThat(lifeline.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
  }

  @Test
  void noConnectionInTime_endsTheCallAndSaysWhy() {
    links.failure = new ConnectFailure(Reason.REFUSED, "nobody listens");
    RemoteFs hasty = fs(Duration.ofMillis(700));
    first.cut();
    FsException failure = failureOf(hasty.lstat(FILE));
    assertThat(failure.errno()).isEqualTo(Errno.ENOTCONN);
    assertThat(failure).hasMessageContaining("nobody listens");
  }

  @Test
  void noAnswerInTimeAfterAReconnect_endsTheCall_andALateFileIsGivenBack() {
    RemoteFs hasty = fs(Duration.ofMillis(1_500));
    CompletableFuture<?> call = hasty.open(FILE, Set.of(OpenFlag.READ), 0);
    first.cut();
    FakeLink second = links.provide();
    Awaitility.await().until(() -> second.calls.get() == 1);
    assertThat(failureOf(call).errno()).isEqualTo(Errno.ETIMEDOUT);
    second.answer();
    assertThat(second.filesClosed).hasValue(1);
  }

  @Test
  void permanentFailure_isRetriedSlowly_butAtOnceWhenTheProfileChanges() {
    links.failure = new ConnectFailure(Reason.HOST_KEY_CHANGED, "another key");
    first.cut();
    Awaitility.await().until(() -> links.attempts.get() == 1);
    CompletableFuture<?> call = fs.lstat(FILE);
    Awaitility.await()
        .during(Duration.ofSeconds(2))
        .atMost(Duration.ofSeconds(5))
        .until(() -> links.attempts.get() == 1);
    assertThat(lifeline.status().lastError()).isEqualTo("another key");
    FakeLink second = links.provide();
    second.answerNext();
    links.failure = null;
    links.changed.set(true);
    assertThat(call).succeedsWithin(Duration.ofSeconds(5));
    assertThat(links.attempts).hasValue(2);
  }

  @Test
  void waitingCall_cutsALongPauseShort() {
    links.failure = new ConnectFailure(Reason.REFUSED, "nobody listens");
    first.cut();
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> links.attempts.get() >= 5);
    FakeLink second = links.provide();
    second.answerNext();
    links.failure = null;
    long start = System.nanoTime();
    assertThat(fs.lstat(FILE)).succeedsWithin(Duration.ofSeconds(5));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(1_700));
  }

  @Test
  void profileThatNamesAnotherServer_endsALivingConnection() {
    FakeLink second = links.provide();
    second.answerNext();
    CompletableFuture<?> looking = fs.lstat(FILE);
    links.elsewhere.set(true);
    Awaitility.await().until(() -> first.closed);
    first.cut();
    assertThat(looking).succeedsWithin(Duration.ofSeconds(5));
    assertThat(lifeline.now()).isSameAs(second);
  }

  @Test
  void profileThatIsChanged_cutsALongPauseShort_withoutAnyCall() {
    Backoff slow = new Backoff(new Random(1));
    links.failure = new ConnectFailure(Reason.REFUSED, "nobody listens");
    try (Lifeline patient = new Lifeline(first, links, slow, InstantSource.system())) {
      lifeline.close();
      first.cut();
      Awaitility.await()
          .atMost(Duration.ofSeconds(25))
          .until(() -> links.attempts.get() == 6); // the next pause is at least 3 s
      FakeLink second = links.provide();
      links.failure = null;
      links.changed.set(true);
      long start = System.nanoTime();
      Awaitility.await().until(() -> patient.now() == second);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(2_600));
    }
  }

  @Test
  void listeners_areToldOfEveryChangeInOrder_evenIfOneFails() {
    BlockingQueue<Boolean> told = new LinkedBlockingQueue<>();
    lifeline.onChange(
        up -> {
          throw new IllegalStateException("a listener's own error: not for others");
        });
    lifeline.onChange(told::add);
    assertThat(lifeline.isUp()).isTrue();
    FakeLink second = links.provide();
    FakeLink third = links.provide();
    first.cut();
    Awaitility.await().until(() -> told.size() == 2);
    assertThat(lifeline.isUp()).isTrue();
    second.cut();
    Awaitility.await().until(() -> told.size() == 4);
    lifeline.close();
    assertThat(lifeline.isUp()).isFalse();
    assertThat(told).containsExactly(false, true, false, true, false);
    assertThat(third.closed).isTrue();
  }

  @Test
  void listener_thatCutsTheLinkItself_isToldAfterwards() {
    BlockingQueue<Boolean> told = new LinkedBlockingQueue<>();
    FakeLink second = links.provide();
    links.provide();
    lifeline.onChange(
        up -> {
          if (up && told.size() == 1) {
            second.cut();
          }
          told.add(up);
        });
    first.cut();
    Awaitility.await().until(() -> told.size() == 4);
    assertThat(told).containsExactly(false, true, false, true);
  }

  @Test
  void closed_everyCallEnds() {
    first.cut();
    CompletableFuture<?> waiting = fs.lstat(FILE);
    lifeline.close();
    assertThat(failureOf(waiting).errno()).isEqualTo(Errno.ENOTCONN);
    assertThat(failureOf(fs.lstat(FILE)).errno()).isEqualTo(Errno.ENOTCONN);
    assertThat(lifeline.status().state()).isEqualTo(LinkStatus.State.CLOSED);
  }

  @Test
  void closedWhileConnected_theConnectionIsClosedToo() {
    lifeline.close();
    assertThat(first.closed).isTrue();
  }

  private RemoteFs fs(Duration callTimeout) {
    return new ReconnectingFs(
        new Patience(lifeline, timer, callTimeout, System::nanoTime), LiveLink::fs);
  }

  private static FsException failureOf(CompletableFuture<?> call) {
    return (FsException)
        call.handle((value, failure) -> failure).orTimeout(10, TimeUnit.SECONDS).join();
  }

  /** Connections that the test hands out. */
  private static final class Links implements Lifeline.Connector {
    final BlockingQueue<FakeLink> next = new LinkedBlockingQueue<>();
    final AtomicInteger attempts = new AtomicInteger();
    final AtomicBoolean changed = new AtomicBoolean();
    final AtomicBoolean elsewhere = new AtomicBoolean();
    volatile @Nullable ConnectFailure failure;

    FakeLink provide() {
      FakeLink link = new FakeLink();
      next.add(link);
      return link;
    }

    @Override
    public LiveLink connect() throws ConnectFailure, InterruptedException {
      attempts.incrementAndGet();
      ConnectFailure failing = failure;
      if (failing != null) {
        throw failing;
      }
      return next.take();
    }

    @Override
    public boolean isChanged() {
      return changed.get();
    }

    @Override
    public boolean isElsewhere() {
      return elsewhere.getAndSet(false);
    }
  }

  /** A connection whose calls end when the test says so. */
  private static final class FakeLink implements LiveLink {
    final AtomicInteger calls = new AtomicInteger();
    final AtomicInteger filesClosed = new AtomicInteger();
    final BlockingQueue<CompletableFuture<Object>> pending = new LinkedBlockingQueue<>();
    final CompletableFuture<String> lost = new CompletableFuture<>();
    volatile boolean closed;
    volatile boolean atOnce;

    private final RemoteFs fs =
        (RemoteFs)
            Proxy.newProxyInstance(
                FakeLink.class.getClassLoader(),
                new Class<?>[] {RemoteFs.class},
                (proxy, method, arguments) -> call(method.getName()));

    private CompletableFuture<Object> call(String name) {
      CompletableFuture<Object> future = new CompletableFuture<>();
      calls.incrementAndGet();
      if (atOnce) {
        future.complete(null);
      } else if (name.equals("open")) {
        CompletableFuture<Object> opened = new CompletableFuture<>();
        pending.add(opened);
        return opened.thenApply(nothing -> file());
      } else {
        pending.add(future);
      }
      return future;
    }

    private RemoteFile file() {
      return (RemoteFile)
          Proxy.newProxyInstance(
              FakeLink.class.getClassLoader(),
              new Class<?>[] {RemoteFile.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("close")) {
                  filesClosed.incrementAndGet();
                }
                return CompletableFuture.completedFuture(null);
              });
    }

    /** Every call that comes is answered at once. */
    void answerNext() {
      atOnce = true;
    }

    void answer() {
      pending.forEach(call -> call.complete(null));
    }

    void fail(FsException failure) {
      pending.forEach(call -> call.completeExceptionally(failure));
    }

    void cut() {
      lost.complete("cut by the test");
      fail(new FsException(Errno.ENOTCONN, "cut by the test"));
    }

    @Override
    public RemoteFs wholeRuntime() {
      return fs;
    }

    @Override
    public RemoteFs fs() {
      return fs;
    }

    @Override
    public RemoteShell shell() {
      throw new UnsupportedOperationException();
    }

    @Override
    public RemotePorts ports() {
      throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<String> lost() {
      return lost;
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
