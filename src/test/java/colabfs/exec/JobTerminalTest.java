package colabfs.exec;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.remote.RemoteJob;
import colabfs.remote.RemoteJobs.Ended;
import colabfs.remote.RemoteJobs.Stream;
import colabfs.remote.RemoteJobs.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A job with a terminal, and somebody in front of it. */
@Timeout(60)
final class JobTerminalTest {
  private static final String ID = "0123456789abcdef";
  private static final Terminal SIZE = new Terminal("xterm", 24, 80);

  private final ScriptedJobs jobs = new ScriptedJobs();
  private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
  private InputStream keys = InputStream.nullInputStream();

  @Test
  void lostConnection_isALineAndThenDrawnAnew() throws Exception {
    RunningCommand command = begun();
    print(0, "one ");
    CompletableFuture<Integer> status = awaited(command);
    Awaitility.await().until(() -> screen.size() == 4);
    jobs.lose();
    Awaitility.await().until(() -> text().contains("lost"));
    jobs.comeBack();
    Awaitility.await().until(() -> jobs.attached.size() == 2);
    jobs.last().output.state(0, 4, 0);
    assertThat(resizes(2)).containsExactly("resize 23 80", "resize 24 80");
    print(4, "two");
    jobs.last().ended.complete(new Ended(3, "", 7, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isEqualTo(3);
    assertThat(text())
        .isEqualTo(
            "one \r\ncolabfs: the connection is lost; the command goes on, waiting to reconnect\r\n"
                + "\r\ncolabfs: connected again\r\ntwo");
    assertThat(jobs.asked).contains("attach 4 0");
  }

  @Test
  void shortLoss_isNotSeen() throws Exception {
    RunningCommand command = begun();
    print(0, "one ");
    CompletableFuture<Integer> status = awaited(command);
    Awaitility.await().until(() -> screen.size() == 4);
    jobs.lose();
    jobs.comeBack();
    Awaitility.await().until(() -> jobs.attached.size() == 2);
    jobs.last().output.state(0, 4, 0);
    print(4, "two");
    jobs.last().ended.complete(new Ended(0, "", 7, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(text()).isEqualTo("one two");
    assertThat(jobs.asked).noneMatch(asked -> asked.startsWith("resize"));
  }

  @Test
  void lostOutput_clearsTheScreenAndHasItDrawnAnew() throws Exception {
    RunningCommand command = begun();
    CompletableFuture<Integer> status = awaited(command);
    jobs.last().output.state(0, 9000, 0);
    jobs.last().output.modes("\033[?1h\033[?2004l".getBytes(StandardCharsets.US_ASCII));
    jobs.last().output.gap(Stream.STDOUT, 0, 9000);
    assertThat(resizes(2)).containsExactly("resize 23 80", "resize 24 80");
    jobs.last().ended.complete(new Ended(0, "", 9000, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(text()).isEqualTo("\033[0m\033(B\033[r\033[H\033[2J\033[?1h");
  }

  @Test
  void newSize_isTold() throws Exception {
    RunningCommand command = begun();
    command.resize(50, 132);
    assertThat(resizes(1)).containsExactly("resize 50 132");
    assertThat(command.hasTerminal()).isTrue();
  }

  @Test
  void keys_areTypedWithOffsetsOfTheirOwn_andTheirEndIsNone() throws Exception {
    keys = new ByteArrayInputStream("ls\r".getBytes(StandardCharsets.US_ASCII));
    RunningCommand command = begun();
    Awaitility.await().until(() -> jobs.asked.contains("type 0+3"));
    jobs.last().ended.complete(new Ended(0, "", 0, 0));
    assertThat(command.await()).isZero();
    assertThat(jobs.asked).noneMatch(asked -> asked.startsWith("input"));
  }

  @Test
  void whoLeaves_leavesItRunning_andIsToldHowToComeBack() throws Exception {
    RunningCommand command = begun();
    command.detach();
    assertThat(command.await()).isEqualTo(130);
    assertThat(text()).contains("left running as job " + id()).contains("colabfs attach " + id());
    assertThat(jobs.asked).noneMatch(asked -> asked.startsWith("signal"));
    assertThat(jobs.asked).doesNotContain("remove");
  }

  @Test
  void clientThatIsKilled_leavesItRunning() throws Exception {
    RunningCommand command = begun();
    command.hangUp();
    assertThat(command.await()).isEqualTo(141);
    assertThat(jobs.asked).noneMatch(asked -> asked.startsWith("signal"));
  }

  @Test
  void whoComesLater_seesTheLastLines_andItIsMadeAsLargeAsHis() throws Exception {
    jobs.jobs.add(
        new RemoteJob(
            ID,
            "shell",
            "/",
            RemoteJob.State.RUNNING,
            false,
            true,
            false,
            null,
            null,
            "",
            null,
            null,
            -1,
            5000,
            0,
            0,
            ""));
    RunningCommand attached =
        new JobsService(jobs, Barrier.NONE).attach("0", new Terminal("xterm", 1, 70), io());
    CompletableFuture<Integer> status = awaited(attached);
    assertThat(jobs.nextOther()).isEqualTo("attach 904 0");
    jobs.last().output.state(0, 5000, 0);
    jobs.last().output.modes("\033[?2004h".getBytes(StandardCharsets.US_ASCII));
    print(904, "cut\n" + "x".repeat(4090) + "$ ");
    assertThat(resizes(2)).containsExactly("resize 2 70", "resize 1 70");
    print(5000, "\033[6n");
    jobs.last().ended.complete(new Ended(0, "", 5004, 0));
    assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(text()).isEqualTo("\033[?2004h" + "x".repeat(4090) + "$ \033[0m\033[6n");
  }

  private RunningCommand begun() throws Exception {
    ExecService service = new ExecService(line -> new CompletableFuture<>(), jobs, Barrier.NONE);
    RunningCommand command =
        service.start(
            new ExecRequest(List.of("vim"), "/content", ExecOptions.USUAL.at(SIZE)), io());
    assertThat(jobs.next()).isEqualTo("start vim in /content");
    assertThat(jobs.next()).isEqualTo("attach 0 0");
    jobs.starts.get(0).complete(null);
    return command;
  }

  /** The number that the job was given. */
  private String id() {
    return text().replaceAll("(?s).*as job ([0-9a-f]{16}).*", "$1");
  }

  private List<String> resizes(int count) {
    Awaitility.await().until(() -> resizes().size() >= count);
    return resizes();
  }

  private List<String> resizes() {
    return jobs.asked.stream().filter(asked -> asked.startsWith("resize")).toList();
  }

  private ExecIo io() {
    return new ExecIo(keys, screen, screen);
  }

  private void print(long offset, String text) {
    jobs.last().output.bytes(Stream.STDOUT, offset, text.getBytes(StandardCharsets.UTF_8));
  }

  private String text() {
    return screen.toString(StandardCharsets.UTF_8);
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
}
