package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.KnownMounts;
import colabfs.config.Values;
import colabfs.control.ControlException;
import colabfs.fs.WarmReport;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs warm [PATH]}. */
@Command(
    name = "warm",
    description = {
      "Fetches all small files into the caches of this machine, so that reading them asks nobody.",
      "",
      "It goes on as long as something comes; what was fetched stays when it is interrupted. It needs"
          + " the helper on the runtime. Without an argument: all of the only mount, or of the one"
          + " that the working directory is in.",
      ""
    })
final class WarmCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "PATH",
      description = "A mounted directory, or a file or directory in it: fetch that alone.")
  private @Nullable String path;

  @Option(
      names = "--max-size",
      paramLabel = "SIZE",
      description = "Leave larger files out, 1M at most (with K or M).")
  private @Nullable String maxSize;

  @Override
  public Integer call() throws IOException, AppException, ControlException, CliFailure {
    long maxBytes = maxBytes();
    MountChoice choice = MountChoice.of(main);
    KnownMounts.Place place = choice.place(path);
    WarmReport report =
        Waiting.on(
            main.surroundings(),
            ProgressLine.Words.FETCHING,
            (progress, givenUp) ->
                choice
                    .mounts()
                    .client(place.mount())
                    .warm(place.path(), maxBytes, progress, givenUp));
    main.surroundings().out().println(text(report, maxBytes));
    if (report.noRoomFiles() > 0) {
      throw new CliFailure(
          "%s, %s, more than the mount may cache: name a smaller part, or mount with a larger --cache-size"
              .formatted(
                  PendingText.count(report.noRoomFiles(), "file"), Sizes.of(report.noRoomBytes())));
    }
    return 0;
  }

  private long maxBytes() {
    long bytes;
    try {
      bytes = maxSize == null ? WarmReport.MAX_FILE_BYTES : Values.size(maxSize);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--max-size is a number with K or M, such as 100K");
    }
    if (bytes > WarmReport.MAX_FILE_BYTES) {
      throw new ParameterException(
          spec.commandLine(),
          "--max-size can be %s at most; larger files are fetched when they are read"
              .formatted(Sizes.of(WarmReport.MAX_FILE_BYTES)));
    }
    return bytes;
  }

  /** What became of it, in one line. */
  static String text(WarmReport report, long maxBytes) {
    StringBuilder text =
        new StringBuilder(
            "warmed %s, %s"
                .formatted(PendingText.count(report.files(), "file"), Sizes.of(report.bytes())));
    if (report.present() > 0) {
      text.append("; %d here already".formatted(report.present()));
    }
    if (report.tooLarge() > 0) {
      text.append("; %d left out, larger than %s".formatted(report.tooLarge(), Sizes.of(maxBytes)));
    }
    if (report.missed() > 0) {
      text.append("; %d left out, changing or not readable".formatted(report.missed()));
    }
    return text.toString();
  }
}
