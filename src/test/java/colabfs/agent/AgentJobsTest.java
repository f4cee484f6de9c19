package colabfs.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import colabfs.remote.RemoteJob;
import colabfs.remote.RemoteJobs;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is taken of what a helper says of jobs. */
@Timeout(60)
final class AgentJobsTest {
  private static final String ID = "0123456789abcdef";

  private static final AgentSettings ONCE =
      new AgentSettings(
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          1,
          Duration.ofMinutes(1),
          Duration.ofMillis(50));

  private final ScriptedHelper helper = new ScriptedHelper();
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final RemoteJobs.Output output =
      new RemoteJobs.Output() {
        @Override
        public void state(long inputBytes, long stdoutBytes, long stderrBytes) {
          told.add("state " + inputBytes + " " + stdoutBytes + " " + stderrBytes);
        }

        @Override
        public void bytes(RemoteJobs.Stream stream, long offset, byte[] bytes) {
          told.add(stream + " " + offset + " " + new String(bytes, UTF_8));
        }

        @Override
        public void gap(RemoteJobs.Stream stream, long from, long to) {
          told.add(stream + " gap " + from + " " + to);
        }
      };

  private AgentTree tree = new AgentTree(helper, new TestLink(false), () -> "/");
  private RemoteJobs jobs = tree.jobs();

  @BeforeEach
  void greet() {
    tree.close();
    tree = new AgentTree(helper, new TestLink(true), () -> "/", ONCE, System::nanoTime);
    jobs = tree.jobs();
    helper.say(Protocol.MAGIC);
    byte[] facts = "\0\14capabilities\0\10one jobs".getBytes(UTF_8);
    helper.say(
        Protocol.WELCOME,
        0,
        ByteBuffer.allocate(4 + facts.length).putInt(Protocol.VERSION).put(facts).array());
    await().until(() -> jobs.state() == RemoteJobs.State.READY);
  }

  @AfterEach
  void end() {
    tree.close();
  }

  @Test
  void outputOfAJob_isTold_andItsEnd() throws Exception {
    RemoteJobs.Attachment attached = jobs.attach(ID, 10, 20, 100, output);
    say(state(1, 2, 3));
    say(bytes(1, 10, "out"));
    say(bytes(2, 20, "err"));
    say(gap(1, 13, 113));
    say(bytes(1, 113, "more"));
    helper.say(
        Protocol.DONE,
        1,
        ByteBuffer.allocate(4 + 2 + 4 + 16)
            .putInt(0)
            .putShort((short) 4)
            .put("KILL".getBytes(UTF_8))
            .putLong(117)
            .putLong(23)
            .array());
    assertThat(attached.ended().get()).isEqualTo(new RemoteJobs.Ended(137, "KILL", 117, 23));
    assertThat(told)
        .containsExactly(
            "state 1 2 3",
            "STDOUT 10 out",
            "STDERR 20 err",
            "STDOUT gap 13 113",
            "STDOUT 113 more");
  }

  @Test
  void moreThanWasGranted_isNotTaken() {
    RemoteJobs.Attachment attached = jobs.attach(ID, 0, 0, 4, output);
    say(bytes(1, 0, "four"));
    attached.grant(3);
    say(bytes(1, 4, "xyz"));
    await().until(() -> told.size() == 2);
    say(bytes(1, 7, "!"));
    assertGivenUp(attached, "not asked for");
  }

  @Test
  void outputFromElsewhere_isNotTaken() {
    RemoteJobs.Attachment attached = jobs.attach(ID, 5, 0, 100, output);
    say(bytes(1, 4, "x"));
    assertGivenUp(attached, "not asked for");
  }

  @Test
  void holeThatIsNone_isNotTaken() {
    RemoteJobs.Attachment attached = jobs.attach(ID, 5, 0, 100, output);
    say(gap(1, 5, 5));
    assertGivenUp(attached, "hole");
  }

  @Test
  void negativeLength_isNotTaken() {
    RemoteJobs.Attachment attached = jobs.attach(ID, 5, 0, 100, output);
    say(state(-1, 0, 0));
    assertGivenUp(attached, "below zero");
  }

  @Test
  void outputOfNothing_isNotTaken() {
    CompletableFuture<Void> signal = jobs.signal(ID, "TERM");
    say(bytes(1, 0, "x"));
    assertThatThrownBy(signal::join).hasMessageContaining("gone");
    await()
        .untilAsserted(
            () -> assertThat(tree.status().reason()).contains("output where none belongs"));
  }

  @Test
  void listOfJobs_takesWhatIsOne() throws Exception {
    List<RemoteJob> list =
        JobListCall.read(
            """
            [{"id": "zz"}, {"id": "../../etc/passwd12"}, 7,
             {"id": "00000000000000ab", "command": "a\\u001b[2Jb", "cwd": "/x", "state": "ended",
              "exit": 130, "signal": "INT", "started": 2000000000, "ended": "never",
              "stdout": -5, "last": 3, "cpu": "much"},
             {"id": "00000000000000aa", "state": "running", "lost": true, "started": 1000000000}]
            """
                .getBytes(UTF_8));
    assertThat(list).hasSize(2);
    assertThat(list.get(0).state()).isEqualTo(RemoteJob.State.LOST);
    RemoteJob job = list.get(1);
    assertThat(job.command()).isEqualTo("a?[2Jb");
    assertThat(job.code()).isEqualTo(130);
    assertThat(job.ended()).isNull();
    assertThat(job.stdoutBytes()).isZero();
    assertThat(job.cpuSeconds()).isNegative();
  }

  @Test
  void listThatIsNone_isAnError() {
    for (String text : List.of("", "{}", "[", "\0")) {
      assertThatThrownBy(() -> JobListCall.read(text.getBytes(UTF_8)))
          .isInstanceOf(ProtocolException.class);
    }
  }

  @Test
  void tooLongACommand_isRefusedHere() {
    RemoteJobs.Start start =
        new RemoteJobs.Start(
            ID, null, false, null, 1, "/", Map.of("A", "x".repeat(300_000)), "a", "a");
    assertThatThrownBy(() -> jobs.start(start).join()).hasMessageContaining("too long");
  }

  @Test
  void endOfTheMount_isToldToWhoWaits() {
    helper.finish();
    await().until(() -> jobs.state() == RemoteJobs.State.ABSENT);
    CompletableFuture<Void> ready = jobs.ready();
    assertThat(ready).isNotDone();
    tree.close();
    assertThat(ready).isCompletedExceptionally();
  }

  private void assertGivenUp(RemoteJobs.Attachment attached, String why) {
    assertThatThrownBy(() -> attached.ended().join()).hasMessageContaining("gone");
    await().untilAsserted(() -> assertThat(tree.status().reason()).contains(why));
  }

  private void say(byte[] output) {
    helper.say(Protocol.OUTPUT, 1, output);
  }

  private static byte[] bytes(int stream, long offset, String text) {
    byte[] chunk = ScriptedHelper.chunk(text.getBytes(UTF_8));
    return ByteBuffer.allocate(9 + chunk.length)
        .put((byte) stream)
        .putLong(offset)
        .put(chunk)
        .array();
  }

  private static byte[] gap(int stream, long from, long to) {
    return ByteBuffer.allocate(18)
        .put((byte) 3)
        .put((byte) stream)
        .putLong(from)
        .putLong(to)
        .array();
  }

  private static byte[] state(long input, long stdout, long stderr) {
    return ByteBuffer.allocate(33)
        .put((byte) 4)
        .putLong(input)
        .putLong(stdout)
        .putLong(stderr)
        .putLong(7)
        .array();
  }
}
