package colabfs.cli;

import colabfs.app.ProcessSignals;
import colabfs.config.Setting;
import colabfs.doctor.Doctor;
import colabfs.doctor.Finding;
import colabfs.doctor.Report;
import colabfs.profile.ProfileException;
import colabfs.ssh.SecretPrompt;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs doctor [PROFILE]}. */
@Command(
    name = "doctor",
    description = {
      "Examines this machine, a profile, the way to its runtime, and the mounts, and says what to do.",
      "",
      "It changes nothing, here or there. Where the profile is mounted, it asks through the mount's"
          + " connection. Exits with 0 when nothing failed, else with 1.",
      ""
    })
final class DoctorCommand implements Callable<Integer> {
  private static final Duration USUAL_PATIENCE = Duration.ofSeconds(20);
  private static final int LABEL = 18;

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "PROFILE", description = "Another than the default.")
  private @Nullable String named;

  @Option(names = "--json", description = "Print JSON (docs/TROUBLESHOOTING.md).")
  private boolean json;

  @Override
  public Integer call() throws ProfileException {
    Surroundings surroundings = main.surroundings();
    PrintWriter out = surroundings.out();
    String profile =
        named == null ? main.profileName() : main.profileName(spec.commandLine(), named);
    CompletableFuture<Void> givenUp = new CompletableFuture<>();
    ProcessSignals.on(
        "INT",
        () -> {
          if (!givenUp.complete(null)) {
            Runtime.getRuntime().halt(Waiting.INTERRUPTED);
          }
        });
    SecretPrompt secrets =
        json ? SecretPrompt.NONE : prompt -> surroundings.terminal().askSecretly(prompt);
    String timeout = main.settings().configured(Setting.MOUNT_TIMEOUT);
    Report report =
        Doctor.examine(
            profile,
            surroundings.environment(),
            main.settings(),
            secrets,
            timeout == null ? USUAL_PATIENCE : Duration.ofSeconds(Long.parseLong(timeout)),
            finding -> {
              if (!json) {
                print(out, finding);
              }
            },
            givenUp);
    if (json) {
      out.print(report.json());
    } else {
      out.println(report.summary());
    }
    if (!report.complete()) {
      return Waiting.INTERRUPTED;
    }
    return report.count(Finding.Level.FAIL) > 0 ? 1 : 0;
  }

  private static void print(PrintWriter out, Finding finding) {
    String level = finding.level() == Finding.Level.SKIPPED ? "-" : finding.level().toString();
    out.printf("%-4s  %-" + LABEL + "s %s%n", level, finding.id(), finding.message());
    if (finding.next() != null) {
      out.printf("%-4s  %-" + LABEL + "s next: %s%n", "", "", finding.next());
    }
    out.flush();
  }
}
