package colabfs.doctor;

import colabfs.config.Settings;
import colabfs.doctor.Finding.Level;
import colabfs.ssh.SecretPrompt;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks at one thing after the other, and tells what it finds. What needs something that failed is
 * skipped.
 *
 * <p>Threading: {@link #run} from one thread; each check is on one of its own, so that none can
 * hold up the others for longer than its bound.
 */
public final class Doctor {
  private final String profile;
  private final List<Check> checks;
  private final Duration patience;
  private final Map<String, Level> worst = new TreeMap<>();
  private final List<Finding> findings = new ArrayList<>();

  Doctor(String profile, List<Check> checks, Duration patience) {
    this.profile = profile;
    this.checks = checks;
    this.patience = patience;
  }

  /**
   * Examines this machine, a profile, and its runtime.
   *
   * @param environment of the user's commands
   * @param secrets asked for what the profile does not hold
   * @param patience of one step on the network
   * @param found is told each finding at once
   * @param givenUp when it completes, the rest is left out
   */
  public static Report examine(
      String profile,
      Map<String, String> environment,
      Settings settings,
      SecretPrompt secrets,
      Duration patience,
      Consumer<Finding> found,
      CompletableFuture<?> givenUp) {
    Here here = Here.ofThisMachine(environment);
    List<Check> checks = new ArrayList<>(new SystemChecks(here, settings).all());
    checks.addAll(new PlaceChecks(here, settings).all());
    try (ConnectionChecks connection =
        new ConnectionChecks(here, new Mounts(environment), profile, secrets, patience)) {
      checks.addAll(connection.all());
      checks.addAll(new RuntimeChecks(connection, patience).all());
      checks.addAll(new RateChecks(connection, patience).all());
      checks.addAll(new MountChecks(here, connection.mounts()::statuses).all());
      return new Doctor(profile, checks, patience).run(found, givenUp);
    }
  }

  Report run(Consumer<Finding> found, CompletableFuture<?> givenUp) {
    for (Check check : checks) {
      if (givenUp.isDone()) {
        break;
      }
      List<Finding> some = look(check, givenUp);
      if (givenUp.isDone()) {
        break; // what was found of a thing that was cut short is nothing
      }
      worst.put(check.id(), Level.OK);
      for (Finding finding : some) {
        worst.merge(check.id(), finding.level(), Doctor::worse);
        findings.add(finding);
        found.accept(finding);
      }
    }
    return new Report(profile, findings, !givenUp.isDone());
  }

  private static Level worse(Level one, Level other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  private List<Finding> look(Check check, CompletableFuture<?> givenUp) {
    for (String need : check.needs()) {
      Level level = worst.getOrDefault(need, Level.OK);
      if (level == Level.FAIL || level == Level.SKIPPED) {
        return List.of(
            Finding.skipped(
                check.id(),
                "'%s' %s".formatted(need, level == Level.FAIL ? "failed" : "was skipped")));
      }
    }
    FutureTask<List<Finding>> task = new FutureTask<>(() -> check.look().look());
    Thread thread = new Thread(task, "colabfs-doctor-" + check.id());
    thread.setDaemon(true);
    thread.start();
    var unused = givenUp.thenRun(() -> task.cancel(true));
    try {
      return check.bounded() ? task.get() : task.get(bound().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      task.cancel(true);
      return failed(check, "it did not end within %d s".formatted(bound().toSeconds()));
    } catch (ExecutionException e) {
      return failed(check, text(e.getCause()));
    } catch (CancellationException e) {
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  /** A check's own steps are bounded by the patience; this is for those that are not. */
  private Duration bound() {
    return patience.plusSeconds(2);
  }

  private static List<Finding> failed(Check check, String why) {
    return List.of(Finding.fail(check.id(), why, null));
  }

  private static String text(@Nullable Throwable failure) {
    if (failure instanceof FileSystemException file) {
      return "%s: %s".formatted(file.getFile(), Reasons.of(file));
    }
    String message = failure == null ? null : failure.getMessage();
    return message == null || message.isBlank() ? String.valueOf(failure) : message;
  }
}
