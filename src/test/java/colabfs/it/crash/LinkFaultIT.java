package colabfs.it.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.it.Cli;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The link goes while programs work: they go on, no call takes longer than its bound, what is known
 * can be read and what is not gives an error that is true; and when the link is back, everything
 * arrives.
 */
@Timeout(300)
final class LinkFaultIT {
  private static final Duration ROUND_TRIP = Duration.ofMillis(20);
  private static final long BYTES_PER_SECOND = 6_250_000;

  /** The longest that a call may take, and what a slow machine may add. */
  private static final Duration BOUND = Duration.ofSeconds(5);

  private static final Duration SLACK = Duration.ofSeconds(4);

  /** What programs do before something happens to the link; the rest they do without it. */
  private static final int STEPS_BEFORE = 100;

  @TempDir Path directory;
  private FaultyRuntime runtime;

  /** What happens to the link. */
  enum Fault {
    /** Connections end, and new ones are made at once. */
    RESET {
      @Override
      void begin(FaultyRuntime runtime) {
        runtime.relay.cut();
      }
    },
    /** Connections end, and nobody answers. */
    REFUSED {
      @Override
      void begin(FaultyRuntime runtime) throws IOException {
        runtime.cut();
      }
    },
    /** Nothing comes through for a moment; then what was on its way arrives. */
    STALLED {
      @Override
      void begin(FaultyRuntime runtime) {
        runtime.relay.stall(true);
      }
    },
    /** Nothing comes through until the connection is given up; what was on its way comes late. */
    VANISHED {
      @Override
      void begin(FaultyRuntime runtime) {
        runtime.relay.stall(true);
        Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> !isConnected(runtime));
      }
    };

    abstract void begin(FaultyRuntime runtime) throws IOException;

    private static boolean isConnected(FaultyRuntime runtime) throws Exception {
      return runtime.status().path("state").asText().equals("connected");
    }
  }

  @BeforeEach
  void start() throws Exception {
    runtime = new FaultyRuntime(directory, ROUND_TRIP, BYTES_PER_SECOND);
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @Test
  void programs_workOnWhateverHappensToTheLink_andAllArrives() throws Exception {
    runtime.mount("--timeout", Long.toString(BOUND.toSeconds()));
    List<FileWork> works = new ArrayList<>();
    for (FileWork.Kind kind : FileWork.Kind.values()) {
      works.add(new FileWork(kind, Files.createDirectory(runtime.mountpoint.resolve(kind.name()))));
    }
    Random random = new Random(7);
    for (Fault fault : Fault.values()) {
      int before = steps(works);
      List<FutureTask<Void>> programs = new ArrayList<>();
      for (FileWork work : works) {
        Random own = new Random(random.nextLong());
        programs.add(start(() -> work(work, own)));
      }
      awaitSteps(works, before + STEPS_BEFORE, programs);
      assertThat(programs).as("still at work").anyMatch(program -> !program.isDone());
      fault.begin(runtime);
      for (FutureTask<Void> program : programs) {
        program.get(2, TimeUnit.MINUTES);
      }
      runtime.restore();
      Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> Fault.isConnected(runtime));
      check(works, "after " + fault);
    }
    runtime.flush();
    check(works, "when all has arrived");
    runtime.assertRuntimeEqualsMount();
    assertThat(runtime.status().path("pending").path("conflicts").asInt(-1)).isZero();
  }

  private void check(List<FileWork> works, String when) throws IOException {
    for (FileWork work : works) {
      assertThat(work.ledger().slowest())
          .as(() -> when + ": " + work.ledger().slowestStep() + "\n" + runtime.log())
          .isLessThan(BOUND.plus(SLACK));
      assertThat(work.check().losses()).as(() -> when + "\n" + runtime.log()).isEmpty();
    }
  }

  private static int steps(List<FileWork> works) {
    return works.stream().mapToInt(FileWork::steps).sum();
  }

  private static Void work(FileWork work, Random random) throws IOException {
    work.work(random);
    return null;
  }

  private static FutureTask<Void> start(Callable<Void> program) {
    FutureTask<Void> task = new FutureTask<>(program);
    Thread thread = new Thread(task, "program");
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  private static void awaitSteps(List<FileWork> works, int steps, List<FutureTask<Void>> programs)
      throws Exception {
    Awaitility.await()
        .pollInterval(Duration.ofMillis(1))
        .atMost(Duration.ofMinutes(1))
        .until(() -> steps(works) >= steps || programs.stream().allMatch(FutureTask::isDone));
    for (FutureTask<Void> program : programs) {
      if (program.isDone()) {
        program.get();
      }
    }
  }

  @Test
  void commitAndLargeCopy_succeedWithoutTheLink() throws Exception {
    runtime.mount("--timeout", Long.toString(BOUND.toSeconds()));
    runtime.mounted.inMount(
        "git init -q -b main repo && cd repo && git config user.name n"
            + " && git config user.email e@example.org"
            + " && for i in $(seq 100); do echo text $i > f$i; done");
    runtime.flush();
    Path large = directory.resolve("large");
    byte[] content = new byte[16 << 20];
    new Random(3).nextBytes(content);
    Files.write(large, content);
    long before = runtime.relay.bytesUp();
    FutureTask<Void> commit =
        start(
            () -> {
              runtime.mounted.inMount("cd repo && git add -A && git commit -q -m all");
              return null;
            });
    FutureTask<Void> copy =
        start(
            () -> {
              runtime.mounted.inMount("cp '" + large + "' large");
              return null;
            });
    Awaitility.await()
        .pollInterval(Duration.ofMillis(1))
        .until(() -> runtime.relay.bytesUp() - before > 32_000);
    runtime.cut();
    commit.get(1, TimeUnit.MINUTES);
    copy.get(1, TimeUnit.MINUTES);
    runtime.restore();
    runtime.flush();
    assertThat(runtime.root.resolve("large")).hasBinaryContent(content);
    runtime.assertRuntimeEqualsMount();
    Cli.Ended checked = runtime.cli.shell(runtime.root.resolve("repo"), "git fsck --strict");
    assertThat(checked.status()).as(checked::toString).isZero();
    assertThat(runtime.mounted.inMount("cd repo && git status --porcelain")).isEmpty();
  }

  @Test
  void withoutTheLink_knownIsServed_andUnknownIsAnError() throws Exception {
    Files.createDirectory(runtime.root.resolve("seen"));
    Files.writeString(runtime.root.resolve("seen/read"), "was read");
    Files.writeString(runtime.root.resolve("seen/unread"), "was not read");
    Files.createDirectory(runtime.root.resolve("unseen"));
    Files.writeString(runtime.root.resolve("unseen/file"), "nobody looked");
    Files.createDirectory(runtime.root.resolve("unlisted"));
    runtime.mount("--no-prefetch", "--timeout", Long.toString(BOUND.toSeconds()));
    runtime.mounted.inMount("ls -l . seen && cat seen/read");
    runtime.cut();

    assertThat(runtime.mounted.inMount("cat seen/read && ls seen && stat -c %s seen/unread"))
        .isEqualTo("was readread\nunread\n12\n");
    assertThat(runtime.mounted.inMount("echo new > seen/made && cat seen/made && ls seen"))
        .isEqualTo("new\nmade\nread\nunread\n");
    assertThat(runtime.mounted.inMount("mkdir seen/dir && echo x > seen/dir/f && ls seen/dir"))
        .isEqualTo("f\n");
    Path seen = runtime.mountpoint.resolve("seen");
    Path unseen = runtime.mountpoint.resolve("unseen");
    // each in a directory of its own, as the kernel asks for one name of a directory at a time
    List<FutureTask<Void>> refusals =
        List.of(
            refusal(() -> Files.readAllBytes(seen.resolve("unread"))),
            refusal(() -> Files.readAttributes(unseen.resolve("file"), BasicFileAttributes.class)),
            refusal(() -> Tree.of(runtime.mountpoint.resolve("unlisted"))));
    for (FutureTask<Void> refusal : refusals) {
      refusal.get();
    }

    runtime.restore();
    runtime.flush();
    assertThat(runtime.mounted.inMount("cat seen/unread unseen/file"))
        .isEqualTo("was not readnobody looked");
    runtime.assertRuntimeEqualsMount();
  }

  /** Within the bound, and not "no such file". */
  private FutureTask<Void> refusal(Callable<?> call) {
    return start(
        () -> {
          assertThatThrownBy(() -> runtime.within(BOUND.plus(SLACK), call))
              .isInstanceOf(FileSystemException.class)
              .extracting(error -> ((FileSystemException) error).getReason())
              .isEqualTo("Input/output error");
          return null;
        });
  }
}
