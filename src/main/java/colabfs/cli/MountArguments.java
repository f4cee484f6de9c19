package colabfs.cli;

import colabfs.app.MountOptions;
import colabfs.config.Values;
import colabfs.profile.ProfileException;
import colabfs.writeback.WriteBack.Fsync;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** What {@code mount} and the process that it leaves behind are both told. */
final class MountArguments {
  private static final int MAX_TIMEOUT_SECONDS = 3600;
  private static final int MAX_DEBOUNCE_MILLIS = 60_000;

  @Parameters(
      arity = "1..2",
      paramLabel = "[PROFILE] MOUNTPOINT",
      hideParamSyntax = true,
      description = "The profile's name, and an empty directory.")
  private List<String> arguments = List.of();

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "Mount this directory of the runtime instead of the profile's.")
  private @Nullable String root;

  @Option(
      names = "--drive",
      description =
          "Mount Google Drive as a notebook mounted it, /content/drive/MyDrive, and be as patient"
              + " as it needs.")
  private boolean drive;

  @Option(
      names = "--read-only",
      negatable = true,
      fallbackValue = "true",
      description = "Refuse every change.")
  private boolean readOnly;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description =
          "The longest that a call into the mount may take, and that a flush, an exec or an umount"
              + " waits while nothing moves.")
  private @Nullable Integer timeoutSeconds;

  @Option(
      names = "--no-prefetch",
      negatable = true,
      fallbackValue = "true",
      description =
          "Do not fetch what is below a directory when it is entered, nor files that were not opened.")
  private boolean noPrefetch;

  @Option(
      names = "--no-helper",
      negatable = true,
      fallbackValue = "true",
      description =
          "Do not start the helper on the runtime (Python 3.8 or newer): all goes by SFTP alone,"
              + " slower.")
  private boolean noHelper;

  @Option(
      names = "--sync",
      negatable = true,
      fallbackValue = "true",
      description =
          "No write-back: every change waits until the runtime has it, and fails when the link is"
              + " down.")
  private boolean sync;

  @Option(
      names = "--fsync",
      paramLabel = "local|remote",
      description =
          "What an fsync waits for: the journal on the local disk (local), or the runtime (remote).")
  private @Nullable Fsync fsync;

  @Option(
      names = "--on-new-runtime",
      paramLabel = "ask|restore|fresh",
      description =
          "When another runtime answers than before: wait for 'colabfs restore' (ask), send it what is"
              + " known here (restore), or take it as it is (fresh).")
  private MountOptions.OnNewRuntime onNewRuntime = MountOptions.OnNewRuntime.ASK;

  @Option(
      names = "--debounce",
      paramLabel = "MS",
      hidden = true,
      description = "Send a file when it has been left alone for so many milliseconds (100).")
  private @Nullable Integer debounceMillis;

  @Option(
      names = "--offline",
      description =
          "Begin without a connection, with what is known from earlier mounts and what is unsent;"
              + " connect as soon as the runtime answers.")
  private boolean offline;

  @Option(
      names = "--cache-size",
      paramLabel = "SIZE",
      description =
          "How much of what was read is kept on the local disk for later mounts, such as 500M or 8G"
              + "; 0 keeps nothing.")
  private @Nullable String cacheSize;

  @Option(
      names = "-o",
      paramLabel = "OPTION",
      split = ",",
      description = "Options for FUSE, such as allow_other or nonempty; may be repeated.")
  private List<String> fuseOptions = List.of();

  /**
   * What was asked for.
   *
   * @param usualFuseOptions before those of the command line
   */
  MountOptions options(Main main, CommandLine command, List<String> usualFuseOptions)
      throws ProfileException {
    if (timeoutSeconds != null && (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT_SECONDS)) {
      throw new ParameterException(
          command, "--timeout must be 1 to %d seconds".formatted(MAX_TIMEOUT_SECONDS));
    }
    MountOptions.Saving saving = saving(command);
    boolean named = arguments.size() == 2;
    List<String> options = new ArrayList<>(usualFuseOptions);
    options.addAll(fuseOptions);
    boolean allowOther = options.removeIf("allow_other"::equals);
    boolean ro = options.removeIf("ro"::equals);
    return new MountOptions(
        named ? main.profileName(command, arguments.get(0)) : main.profileName(),
        mountpoint(arguments.get(named ? 1 : 0)),
        root,
        drive,
        readOnly || ro,
        allowOther,
        new MountOptions.Fetching(!noPrefetch, !noHelper),
        saving,
        onNewRuntime(command, readOnly || ro),
        localDisk(command),
        timeoutSeconds == null ? null : Duration.ofSeconds(timeoutSeconds),
        options);
  }

  /** Whether an option stands on the command line; else it is what the user has set for always. */
  private static boolean isGiven(CommandLine command, String option) {
    return command.getParseResult().hasMatchedOption(option);
  }

  private MountOptions.OnNewRuntime onNewRuntime(CommandLine command, boolean isReadOnly) {
    if (isReadOnly && onNewRuntime == MountOptions.OnNewRuntime.RESTORE) {
      if (!isGiven(command, "--on-new-runtime")) {
        return MountOptions.OnNewRuntime.ASK;
      }
      throw new ParameterException(
          command,
          "--on-new-runtime=restore would write, which --read-only forbids; leave one out");
    }
    return onNewRuntime;
  }

  private MountOptions.LocalDisk localDisk(CommandLine command) {
    if (offline && sync) {
      throw new ParameterException(
          command,
          "--offline keeps changes until the runtime answers, and --sync waits for it; "
              + instead(command));
    }
    long usual = MountOptions.LocalDisk.USUAL.cacheBytes();
    try {
      return new MountOptions.LocalDisk(
          offline, cacheSize == null ? usual : Values.size(cacheSize));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          command, "--cache-size must be %s: %s".formatted(e.getMessage(), cacheSize));
    }
  }

  private static String instead(CommandLine command) {
    return isGiven(command, "--sync")
        ? "leave one of them out"
        : "mount.sync is set ('colabfs config'), so add --no-sync";
  }

  private MountOptions.Saving saving(CommandLine command) {
    boolean fsyncGiven = fsync != null && isGiven(command, "--fsync");
    if (sync && (fsyncGiven || debounceMillis != null)) {
      throw new ParameterException(
          command,
          "%s is about write-back, which --sync turns off; %s"
              .formatted(fsyncGiven ? "--fsync" : "--debounce", instead(command)));
    }
    if (debounceMillis != null && (debounceMillis < 0 || debounceMillis > MAX_DEBOUNCE_MILLIS)) {
      throw new ParameterException(
          command, "--debounce must be 0 to %d milliseconds".formatted(MAX_DEBOUNCE_MILLIS));
    }
    return new MountOptions.Saving(
        sync,
        fsync == null ? Fsync.LOCAL : fsync,
        debounceMillis == null ? null : Duration.ofMillis(debounceMillis));
  }

  /** Links resolved, except in the last name when that cannot be looked at: a dead mount. */
  private static Path mountpoint(String text) {
    Path absolute = Path.of(text).toAbsolutePath().normalize();
    Path parent = absolute.getParent();
    Path name = absolute.getFileName();
    if (parent == null || name == null) {
      return absolute;
    }
    try {
      return Files.isSymbolicLink(absolute)
          ? absolute.toRealPath()
          : parent.toRealPath().resolve(name);
    } catch (IOException e) {
      return absolute; // mounting will say what is wrong with it
    }
  }
}
