package colabfs.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * The mount's process is killed while programs work, and while it brings their changes to the
 * runtime, and while it does that again after a kill: everything that a program was told is done is
 * there after the next mount, and in the end the runtime holds what the mount shows.
 *
 * <p>The long run: {@code -Dcolabfs.crash.rounds=50}. The same decisions again: {@code
 * -Dcolabfs.crash.seed=N} with the number that a run printed; what the kill interrupts remains a
 * matter of the clock.
 */
@Timeout(value = 4, unit = TimeUnit.HOURS)
final class CrashIT {
  private static final int ROUNDS = Integer.getInteger("colabfs.crash.rounds", 1);
  private static final long SEED =
      Long.getLong("colabfs.crash.seed", System.nanoTime() % 1_000_000);
  private static final int KILLS_PER_ROUND = 3;
  private static final List<String> PROGRAMS =
      List.of("untar", "git", "sqlite", "editor", "renames", "remove");

  /** A round with all programs at once, then some with a few of them. */
  private static final int ALL_EVERY = 4;

  private static final Duration ROUND_TRIP = Duration.ofMillis(10);

  /** Lines that uploads lag behind on, little or far: 20 and 4 Mbit/s. */
  private static final long[] BYTES_PER_SECOND = {2_500_000, 500_000};

  private static int kills;
  private static long filesChecked;
  private static int losses;

  /** Kept after a failure: the journal is in it. */
  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  Path directory;

  @Test
  void programsAndUploads_killedAtAnyTime_loseNothing() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      Random random = new Random(SEED + 1_000_003L * round);
      List<String> programs = programs(round, random);
      long rate = BYTES_PER_SECOND[random.nextInt(BYTES_PER_SECOND.length)];
      Path base = Files.createDirectory(directory.resolve("round-" + round));
      try (FaultyRuntime runtime = new FaultyRuntime(base, ROUND_TRIP, rate)) {
        runtime.mount();
        round(runtime, programs, random);
      }
      tell("round %d of %d, %s".formatted(round + 1, ROUNDS, String.join(" ", programs)));
    }
  }

  private static List<String> programs(int round, Random random) {
    List<String> programs = new ArrayList<>(PROGRAMS);
    if (round % ALL_EVERY != 0) {
      Collections.shuffle(programs, random);
      programs.subList(1 + random.nextInt(PROGRAMS.size() / 2), programs.size()).clear();
    }
    return programs;
  }

  private static void tell(String when) {
    System.out.printf(
        "CrashIT, %s: %d kills, %d files checked, %d losses, -Dcolabfs.crash.seed=%d%n",
        when, kills, filesChecked, losses, SEED);
  }

  @AfterAll
  static void tellAll() {
    tell("at the end");
  }

  private static void round(FaultyRuntime runtime, List<String> programs, Random random)
      throws Exception {
    List<Workload> workloads = new ArrayList<>();
    for (String program : programs) {
      Path place = Files.createDirectory(runtime.mountpoint.resolve(program));
      workloads.add(workload(runtime, program, place));
    }
    for (int kill = 0; kill < KILLS_PER_ROUND; kill++) {
      workAndKill(runtime, workloads, random);
      while (random.nextBoolean()) {
        runtime.killWhileMounting(random);
        kills++;
      }
      runtime.mount();
      check(runtime, workloads, "after the kill");
    }
    runtime.flush();
    check(runtime, workloads, "after the drain");
    runtime.assertRuntimeEqualsMount();
  }

  private static Workload workload(FaultyRuntime runtime, String program, Path place) {
    return switch (program) {
      case "git" -> new GitWork(runtime.cli, place);
      case "sqlite" -> new SqliteWork(runtime.cli, place);
      case "untar" -> new FileWork(FileWork.Kind.UNTAR, place);
      case "editor" -> new FileWork(FileWork.Kind.EDITOR, place);
      case "renames" -> new FileWork(FileWork.Kind.RENAMES, place);
      case "remove" -> new FileWork(FileWork.Kind.REMOVE, place);
      default -> throw new IllegalArgumentException(program);
    };
  }

  /** The kill comes while they work, or, for every fourth, when they are done and uploads go on. */
  private static void workAndKill(FaultyRuntime runtime, List<Workload> workloads, Random random)
      throws Exception {
    int before = steps(workloads);
    int usual = workloads.stream().mapToInt(Workload::usualSteps).sum();
    int killAfter = 1 + random.nextInt(usual * 4 / 3);
    long uploaded = random.nextInt(400_000);
    List<FutureTask<Void>> running =
        workloads.stream().map(workload -> start(workload, new Random(random.nextLong()))).toList();
    Awaitility.await()
        .pollInterval(Duration.ofMillis(1))
        .atMost(Duration.ofMinutes(2))
        .until(
            () ->
                steps(workloads) - before >= killAfter
                    || running.stream().allMatch(FutureTask::isDone));
    if (running.stream().allMatch(FutureTask::isDone)) {
      runtime.awaitUpload(uploaded);
    }
    for (FutureTask<Void> program : running) {
      if (program.isDone()) {
        program.get(); // its mount lives: it has no reason to fail
      }
    }
    runtime.mounted.kill();
    kills++;
    for (FutureTask<Void> program : running) {
      awaitEnd(program);
    }
  }

  private static int steps(List<Workload> workloads) {
    return workloads.stream().mapToInt(Workload::steps).sum();
  }

  private static FutureTask<Void> start(Workload workload, Random random) {
    FutureTask<Void> task =
        new FutureTask<>(
            () -> {
              workload.work(random);
              return null;
            });
    Thread thread = new Thread(task, "program");
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  /** A mount that is killed ends its programs' calls with an error; anything else is a mistake. */
  private static void awaitEnd(FutureTask<Void> program)
      throws InterruptedException, TimeoutException {
    try {
      program.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(IOException.class);
    }
  }

  private static void check(FaultyRuntime runtime, List<Workload> workloads, String when)
      throws Exception {
    for (Workload workload : workloads) {
      Workload.Checked checked = runtime.within(Duration.ofSeconds(90), workload::check);
      filesChecked += checked.files();
      losses += checked.losses().size();
      assertThat(checked.losses())
          .as(
              () ->
                  "%s, %s, seed %d:\n%s\n%s"
                      .formatted(
                          when,
                          workload.getClass().getSimpleName(),
                          SEED,
                          Tree.shown(checked.losses()),
                          runtime.log()))
          .isEmpty();
    }
  }
}
