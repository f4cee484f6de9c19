package colabfs.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteJob;
import colabfs.remote.RemoteJobs.Ended;
import colabfs.remote.RemoteJobs.State;
import colabfs.remote.RemoteJobs.Stream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SupervisedCommandTest {
  private static final String ID = "0123456789abcdef";

  private final ScriptedJobs jobs = new ScriptedJobs();
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
  private InputStream stdin = InputStream.nullInputStream();

  @Test
  void startAndAttach_goInOne_andNothingStaysBehind() throws Exception {
    RunningCommand command = start("train me");
    assertThat(jobs.next()).isEqualTo("start train me in /content");
    assertThat(jobs.next()).isEqualTo("attach 0 0");
    jobs.starts.get(0).complete(null);
    print(Stream.STDOUT, 0, "out");
    print(Stream.STDERR, 0, "err");
    jobs.last().ended.complete(new Ended(7, "", 3, 3));
    assertThat(command.await()).isEqualTo(7);
    assertThat(text(stdout)).isEqualTo("out");
    assertThat(text(stderr)).isEqualTo("err");
    assertThat(jobs.nextOther()).isEqualTo("remove");
  }

  @Test
  void lostConnection_isToldOnce_andFollowedFromTheExactByte() throws Exception {
    RunningCommand command = start("train me");
    jobs.starts.get(0).complete(null);
    print(Stream.STDOUT, 0, "one ");
    print(Stream.STDERR, 0, "e");
    CompletableFuture<Integer> status = awaited(command);
    Awaitility.await().until(() -> stderr.size() == 1);
    jobs.lose();
    Awaitility.await().until(() -> text(stderr).contains("lost"));
    jobs.comeBack();
    Awaitility.await().until(() -> jobs.attached.size() == 2);
    print(Stream.STDOUT, 4, "two");
    jobs.last().ended.complete(new Ended(0, "", 7, 1));
    assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(text(stdout)).isEqualTo("one two");
    assertThat(text(stderr))
        .isEqualTo(
            """
            ecolabfs: the connection is lost; the command goes on, waiting to reconnect
            colabfs: connected again
            """);
    assertThat(jobs.asked).contains("attach 0 0", "attach 4 1");
    assertThat(jobs.asked.stream().filter(asked -> asked.startsWith("start"))).hasSize(1);
  }

  @Test
  void lostAnswerToTheStart_isAskedForAgain() throws Exception {
    RunningCommand command = start("train me");
    CompletableFuture<Integer> status = awaited(command);
    jobs.lose();
    jobs.comeBack();
    Awaitility.await().until(() -> jobs.starts.size() == 2 && jobs.attached.size() == 2);
    jobs.starts.get(1).complete(null);
    jobs.last().ended.complete(new Ended(0, "", 0, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(text(stderr)).isEmpty();
  }

  @Test
  void input_isGivenAgainFromTheFirstByteThatMayBeMissing() throws Exception {
    byte[] content = new byte[3_000_000];
    new Random(3).nextBytes(content);
    stdin = new ByteArrayInputStream(content);
    jobs.inputBytes = 1_000_000;
    RunningCommand command = start("cat");
    jobs.starts.get(0).complete(null);
    CompletableFuture<Integer> status = awaited(command);
    Awaitility.await().until(() -> jobs.input.size() >= jobs.inputBytes);
    jobs.lose();
    jobs.inputBytes = Long.MAX_VALUE;
    jobs.comeBack();
    Awaitility.await().until(() -> jobs.asked.stream().anyMatch(asked -> asked.endsWith("end")));
    assertThat(jobs.input.toByteArray()).isEqualTo(content);
    jobs.last().ended.complete(new Ended(0, "", 0, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
  }

  @Test
  void inputThatCannotBeTakenYet_isGivenAgain() throws Exception {
    byte[] content = new byte[200_000];
    new Random(4).nextBytes(content);
    stdin = new ByteArrayInputStream(content);
    jobs.inputFailure = new FsException(Errno.EAGAIN, "too much");
    RunningCommand command = start("cat");
    jobs.starts.get(0).complete(null);
    Awaitility.await().until(() -> jobs.input.size() == content.length);
    assertThat(jobs.input.toByteArray()).isEqualTo(content);
    jobs.last().ended.complete(new Ended(0, "", 0, 0));
    assertThat(command.await()).isZero();
    assertThat(text(stderr)).isEmpty();
  }

  @Test
  void interrupt_whileItCannotBeReached_isKept_andASecondOneLeavesIt() throws Exception {
    RunningCommand command = start("train me");
    jobs.starts.get(0).complete(null);
    CompletableFuture<Integer> status = awaited(command);
    print(Stream.STDERR, 0, "x");
    Awaitility.await().until(() -> stderr.size() == 1);
    jobs.lose();
    Awaitility.await().until(() -> text(stderr).contains("lost"));
    command.signal(ExecSignal.INT);
    Awaitility.await().until(() -> text(stderr).contains("cannot be reached now"));
    command.signal(ExecSignal.INT);
    assertThat(status.get(20, TimeUnit.SECONDS)).isEqualTo(130);
    assertThat(text(stderr)).contains("left running as job").contains("colabfs attach ");
    assertThat(jobs.asked).doesNotContain("signal INT", "remove");
  }

  @Test
  void signal_thatCameTooEarly_isSentWhenItCanBe() throws Exception {
    RunningCommand command = start("train me");
    CompletableFuture<Integer> status = awaited(command);
    command.signal(ExecSignal.TERM);
    jobs.starts.get(0).complete(null);
    Awaitility.await().until(() -> jobs.asked.contains("signal TERM"));
    jobs.last().ended.complete(new Ended(143, "TERM", 0, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isEqualTo(143);
  }

  @Test
  void vanishedTerminal_isToldToTheCommand_alsoLater() throws Exception {
    RunningCommand command = start("train me");
    jobs.starts.get(0).complete(null);
    CompletableFuture<Integer> status = awaited(command);
    print(Stream.STDERR, 0, "x");
    Awaitility.await().until(() -> stderr.size() == 1);
    jobs.lose();
    command.hangUp();
    jobs.comeBack();
    Awaitility.await().until(() -> jobs.asked.contains("signal HUP"));
    jobs.last().ended.complete(new Ended(129, "HUP", 0, 1));
    assertThat(status.get(20, TimeUnit.SECONDS)).isEqualTo(141);
    Awaitility.await().until(() -> jobs.asked.contains("remove"));
  }

  @Test
  void closedOutput_hangsUp() throws Exception {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("closed");
          }
        };
    RunningCommand command =
        new ExecService(line -> new CompletableFuture<>(), jobs, Barrier.NONE)
            .start(new ExecRequest(List.of("yes"), "/"), new ExecIo(stdin, closed, stderr));
    jobs.starts.get(0).complete(null);
    CompletableFuture<Integer> status = awaited(command);
    print(Stream.STDOUT, 0, "y\n");
    Awaitility.await().until(() -> jobs.asked.contains("signal HUP"));
    jobs.last().ended.complete(new Ended(129, "HUP", 2, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isEqualTo(141);
  }

  @Test
  void missingDirectory_isToldThoughTheAttachFailedFirst() throws Exception {
    RunningCommand command = start("pwd");
    jobs.last().ended.completeExceptionally(new FsException(Errno.ESRCH, "no such job"));
    jobs.starts.get(0).completeExceptionally(new FsException(Errno.ENOENT, "no such directory"));
    assertThatThrownBy(command::await).hasMessageStartingWith("cannot enter /content on the");
  }

  @Test
  void forgottenJob_isTold() throws Exception {
    RunningCommand command = start("pwd");
    jobs.starts.get(0).complete(null);
    jobs.last().ended.completeExceptionally(new FsException(Errno.ESRCH, "no such job"));
    assertThatThrownBy(command::await)
        .hasMessageContaining("does not know job")
        .hasMessageEndingWith("colabfs jobs");
  }

  @Test
  void whatWasDropped_isToldWhereItIsMissing() throws Exception {
    RunningCommand command = start("yes");
    jobs.starts.get(0).complete(null);
    print(Stream.STDOUT, 0, "a");
    jobs.last().output.gap(Stream.STDOUT, 1, 101);
    print(Stream.STDOUT, 101, "b");
    jobs.last().ended.complete(new Ended(0, "", 102, 0));
    assertThat(command.await()).isZero();
    assertThat(text(stdout)).isEqualTo("ab");
    assertThat(text(stderr)).contains("100 bytes of output are missing here");
  }

  @Test
  void whatIsDelivered_isGranted() throws Exception {
    RunningCommand command = start("yes");
    jobs.starts.get(0).complete(null);
    for (int i = 0; i < 16; i++) {
      print(Stream.STDOUT, i * 65_536L, "y".repeat(65_536));
    }
    CompletableFuture<Integer> status = awaited(command);
    Awaitility.await().until(() -> jobs.last().granted.get() == SupervisedCommand.WINDOW_BYTES);
    jobs.last().ended.complete(new Ended(0, "", 16 * 65_536L, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
  }

  @Test
  void detached_isOnlyStarted_alsoThroughALostConnection() throws Exception {
    ExecOptions options = new ExecOptions(Map.of(), null, true, true);
    RunningCommand command =
        service().start(new ExecRequest(List.of("train", "me"), "/content", options), io());
    assertThat(jobs.next()).isEqualTo("start train me in /content &");
    jobs.starts.get(0).completeExceptionally(ScriptedJobs.gone());
    CompletableFuture<Integer> status = awaited(command);
    Awaitility.await().until(() -> jobs.starts.size() == 2);
    jobs.starts.get(1).complete(null);
    assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(text(stdout)).matches("[0-9a-f]{16}\n");
    assertThat(jobs.attached).isEmpty();
  }

  @Test
  void mountThatEnds_leavesItRunning() throws Exception {
    RunningCommand command = start("train me");
    jobs.starts.get(0).complete(null);
    command.leave();
    assertThatThrownBy(command::await)
        .hasMessageContaining("goes on")
        .hasMessageContaining("colabfs attach ");
    assertThat(jobs.asked).doesNotContain("signal HUP");
  }

  @Test
  void withoutJobs_itIsPlain_andThatIsSaid() throws Exception {
    jobs.state = State.ABSENT;
    RunningCommand command =
        new ExecService(new LocalShell("/bin/bash", Map.of("HOME", "/")), jobs, Barrier.NONE)
            .start(new ExecRequest(List.of("echo", "hi"), "/"), io());
    assertThat(command.await()).isZero();
    assertThat(text(stdout)).isEqualTo("hi\n");
    assertThat(text(stderr))
        .isEqualTo("colabfs: the command ends when the connection does: as the test says\n");
  }

  @Test
  void withoutJobs_nothingIsDetached() {
    jobs.state = State.ABSENT;
    ExecOptions options = new ExecOptions(Map.of(), null, true, true);
    assertThatThrownBy(
            () -> service().start(new ExecRequest(List.of("a"), "/content", options), io()))
        .hasMessageContaining("not started")
        .hasMessageEndingWith("without --detach");
  }

  @Test
  void whoGivesUpBeforeTheRuntimeAnswers_isNotKept() {
    jobs.state = State.COMING;
    jobs.ready = new CompletableFuture<>();
    Barrier givenUp =
        new Barrier() {
          @Override
          public void drain() {}

          @Override
          public void changed(boolean told) {}

          @Override
          public boolean isGivenUp() {
            return true;
          }
        };
    ExecService service = new ExecService(line -> new CompletableFuture<>(), jobs, givenUp);
    assertThatThrownBy(() -> service.start(new ExecRequest(List.of("a"), "/content"), io()))
        .hasMessageContaining("interrupted");
  }

  @Test
  void logs_endWithWhatWasThere() throws Exception {
    jobs.jobs.add(job(ID, RemoteJob.State.RUNNING));
    RunningCommand logs =
        new JobsService(jobs, Barrier.NONE).logs("0123", LogsSince.ALL, false, io());
    jobs.last().output.state(0, 5, 2);
    print(Stream.STDOUT, 0, "hello");
    print(Stream.STDERR, 0, "no");
    assertThat(logs.await()).isZero();
    assertThat(text(stdout)).isEqualTo("hello");
    assertThat(text(stderr)).isEqualTo("no");
  }

  @Test
  void attach_givesInputBehindWhatTheJobHas() throws Exception {
    stdin = new ByteArrayInputStream("more".getBytes(StandardCharsets.UTF_8));
    jobs.input.write(1);
    jobs.jobs.add(job(ID, RemoteJob.State.RUNNING));
    RunningCommand attached = new JobsService(jobs, Barrier.NONE).attach("0", null, io());
    assertThat(jobs.next()).isEqualTo("attach 904 0");
    jobs.last().output.state(1, 5000, 2);
    CompletableFuture<Integer> status = awaited(attached);
    assertThat(jobs.next()).startsWith("input 1+");
    jobs.last().ended.complete(new Ended(3, "", 904, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isEqualTo(3);
  }

  @Test
  void numbers_areShortenedToWhatIsUnique() {
    jobs.jobs.add(job(ID, RemoteJob.State.ENDED));
    jobs.jobs.add(job("01ffffffffffffff", RemoteJob.State.RUNNING));
    JobsService service = new JobsService(jobs, Barrier.NONE);
    assertThatThrownBy(() -> service.kill("01", "TERM")).hasMessageContaining("2 jobs begin");
    assertThatThrownBy(() -> service.kill("012", "TERM")).hasMessageContaining("has ended");
    assertThatThrownBy(() -> service.kill("7", "TERM")).hasMessageContaining("no job 7");
    assertThatThrownBy(() -> service.kill("x", "TERM")).hasMessageContaining("no job's number");
    assertThatThrownBy(() -> service.kill("01f", "a b")).hasMessageContaining("no signal");
    assertThat(jobs.asked).isEmpty();
  }

  @Test
  void prune_leavesWhatRuns() throws Exception {
    jobs.jobs.add(job(ID, RemoteJob.State.ENDED));
    jobs.jobs.add(job("02ffffffffffffff", RemoteJob.State.LOST));
    jobs.jobs.add(job("01ffffffffffffff", RemoteJob.State.RUNNING));
    assertThat(new JobsService(jobs, Barrier.NONE).prune()).isEqualTo(2);
    assertThat(jobs.asked).hasSize(2);
  }

  private static RemoteJob job(String id, RemoteJob.State state) {
    return new RemoteJob(
        id, "train", "/", state, true, false, false, null, null, "", null, null, -1, 5000, 2, 0,
        "");
  }

  private void print(Stream stream, long offset, String text) {
    jobs.last().output.bytes(stream, offset, text.getBytes(StandardCharsets.UTF_8));
  }

  private RunningCommand start(String line) throws Exception {
    return service().start(new ExecRequest(List.of(line), "/content"), io());
  }

  private ExecService service() {
    return new ExecService(line -> new CompletableFuture<>(), jobs, Barrier.NONE);
  }

  private ExecIo io() {
    return new ExecIo(stdin, stdout, stderr);
  }

  private static CompletableFuture<Integer> awaited(RunningCommand command) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return command.await();
          } catch (ExecException | InterruptedException e) {
            throw new CompletionException(e);
          }
        });
  }

  private static String text(ByteArrayOutputStream bytes) {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
