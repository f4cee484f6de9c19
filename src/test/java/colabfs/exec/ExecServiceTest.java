package colabfs.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class ExecServiceTest {
  @TempDir Path home;
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();

  @ParameterizedTest
  @ValueSource(strings = {"/bin/bash", "/bin/dash"})
  void arguments_arePassedExactly(String shell) throws Exception {
    List<String> odd =
        List.of("", " a  b ", "it's", "\"$HOME\" `id` !x %d\\n", "new\nline", "ü€😀", "*", "-n");
    assertThat(run(shell, "", concat(List.of("printf", "[%s]"), odd))).isZero();
    assertThat(out()).isEqualTo("[" + String.join("][", odd) + "]");
    assertThat(err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/bin/bash", "/bin/dash"})
  void oneWordWithShellCharacters_isALineForTheShell(String shell) throws Exception {
    assertThat(run(shell, "", List.of("echo one && echo two >&2; exit 7"))).isEqualTo(7);
    assertThat(out()).isEqualTo("one\n");
    assertThat(err()).isEqualTo("two\n");
  }

  @Test
  void input_arrivesUnchangedAndEnds() throws Exception {
    byte[] content = new byte[3_000_000];
    new Random(1).nextBytes(content);
    RunningCommand command =
        start("/bin/bash", List.of("cat"), new ByteArrayInputStream(content), stdout);
    assertThat(command.await()).isZero();
    assertThat(stdout.toByteArray()).isEqualTo(content);
  }

  @Test
  void environment_isTheLoginShells_andItsNoiseIsDropped() throws Exception {
    Files.writeString(
        home.resolve(".bash_profile"),
        "echo noise; echo noise >&2; cat; export FROM_PROFILE=yes\n");
    assertThat(run("/bin/bash", "kept", List.of("sh", "-c", "echo $FROM_PROFILE; cat"))).isZero();
    assertThat(out()).isEqualTo("yes\nkept");
    assertThat(err()).isEmpty();
  }

  @Test
  void directory_isEntered() throws Exception {
    Path odd = Files.createDirectory(home.resolve("it's a $dir"));
    assertThat(runIn(odd.toString(), List.of("pwd"))).isZero();
    assertThat(out()).isEqualTo(odd + "\n");
  }

  @Test
  void missingDirectory_is255WithATextThatNamesIt() throws Exception {
    assertThat(runIn(home + "/gone", List.of("pwd"))).isEqualTo(255);
    assertThat(err()).contains("colabfs: cannot enter " + home + "/gone on the runtime");
    assertThat(out()).isEmpty();
  }

  @Test
  void unknownProgram_is127() throws Exception {
    assertThat(run("/bin/bash", "", List.of("no-such-program", "x"))).isEqualTo(127);
    assertThat(err()).contains("no-such-program");
  }

  @Test
  void signal_reachesTheWholeGroup() throws Exception {
    PipedOutputStream printed = new PipedOutputStream();
    PipedInputStream seen = new PipedInputStream(printed);
    RunningCommand command =
        start(
            "/bin/bash",
            List.of(
                "sh -c 'trap \"echo child >&2; exit 3\" TERM; echo ready; sleep 60 & wait'; exit 4"),
            InputStream.nullInputStream(),
            printed);
    assertThat(seen.read()).isPositive();
    command.signal(ExecSignal.TERM);
    assertThat(command.await()).isNotZero();
    assertThat(err()).contains("child");
  }

  @Test
  void kill_endsAsAShellTellsIt() throws Exception {
    RunningCommand command =
        start("/bin/bash", List.of("sleep", "60"), InputStream.nullInputStream(), stdout);
    command.signal(ExecSignal.KILL);
    assertThat(command.await()).isEqualTo(137);
  }

  @Test
  void hangUp_tellsTheCommandAndEndsTheWait() throws Exception {
    LocalShell shell = shell("/bin/bash");
    RunningCommand command =
        new ExecService(shell, Barrier.NONE)
            .start(
                new ExecRequest(List.of("sleep", "60"), home.toString()),
                new ExecIo(InputStream.nullInputStream(), stdout, stderr));
    command.hangUp();
    command.await();
    assertThat(shell.started.get(0).waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void closedOutput_endsTheCommand() throws Exception {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("closed");
          }
        };
    LocalShell shell = shell("/bin/bash");
    RunningCommand command =
        new ExecService(shell, Barrier.NONE)
            .start(
                new ExecRequest(List.of("yes"), home.toString()),
                new ExecIo(InputStream.nullInputStream(), closed, stderr));
    assertThat(command.await()).isEqualTo(141);
    Awaitility.await().until(() -> !shell.started.get(0).isAlive());
  }

  @Test
  void barrier_isDrainedBeforeAndToldAfter() throws Exception {
    AtomicInteger told = new AtomicInteger();
    Barrier barrier =
        new Barrier() {
          @Override
          public void drain() {
            assertThat(home.resolve("made")).doesNotExist();
          }

          @Override
          public void changed(boolean isTold) {
            assertThat(home.resolve("made")).exists();
            told.incrementAndGet();
          }
        };
    new ExecService(shell("/bin/bash"), barrier)
        .start(
            new ExecRequest(List.of("touch", "made"), home.toString()),
            new ExecIo(InputStream.nullInputStream(), stdout, stderr))
        .await();
    assertThat(told).hasValue(1);
  }

  @Test
  void failedDrain_runsNothing() {
    Barrier barrier =
        new Barrier() {
          @Override
          public void drain() throws ExecException {
            throw new ExecException(
                "not run: write /a: no space left on the runtime; save it again");
          }

          @Override
          public void changed(boolean told) {}
        };
    assertThatThrownBy(
            () ->
                new ExecService(shell("/bin/bash"), barrier)
                    .start(
                        new ExecRequest(List.of("touch", "made"), home.toString()),
                        new ExecIo(InputStream.nullInputStream(), stdout, stderr)))
        .isInstanceOf(ExecException.class)
        .hasMessageContaining("not run")
        .hasMessageContaining("write /a: no space left");
    assertThat(home.resolve("made")).doesNotExist();
  }

  @Test
  void tooLongCommandLine_saysWhatToDo() {
    assertThatThrownBy(() -> run("/bin/bash", "", List.of("echo", "x".repeat(200_000))))
        .isInstanceOf(ExecException.class)
        .hasMessageContaining("write it to a script");
  }

  private int runIn(String directory, List<String> words) throws Exception {
    return new ExecService(shell("/bin/bash"), Barrier.NONE)
        .start(
            new ExecRequest(words, directory),
            new ExecIo(InputStream.nullInputStream(), stdout, stderr))
        .await();
  }

  private int run(String shell, String input, List<String> words) throws Exception {
    return start(
            shell, words, new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), stdout)
        .await();
  }

  private RunningCommand start(
      String shell, List<String> words, InputStream input, OutputStream output) throws Exception {
    return new ExecService(shell(shell), Barrier.NONE)
        .start(new ExecRequest(words, home.toString()), new ExecIo(input, output, stderr));
  }

  private LocalShell shell(String shell) {
    return new LocalShell(shell, Map.of("HOME", home.toString()));
  }

  private String out() {
    return stdout.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return stderr.toString(StandardCharsets.UTF_8);
  }

  private static List<String> concat(List<String> first, List<String> second) {
    return java.util.stream.Stream.concat(first.stream(), second.stream()).toList();
  }
}
