package colabfs.cli;

import colabfs.app.DaemonLauncher;
import colabfs.config.ConfigException;
import colabfs.config.Settings;
import colabfs.crypto.NativeCrypto;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/**
 * The {@code colabfs} command. Exit codes: 0 done, 1 failed, 2 wrong usage; {@code exec} has its
 * own.
 */
@Command(
    name = "colabfs",
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Mounts a Google Colab runtime, or any machine reached by SSH, and runs commands there.",
      ""
    },
    versionProvider = Version.class,
    subcommands = {
      SetupCommand.class,
      InitCommand.class,
      MountCommand.class,
      ExecCommand.class,
      ShellCommand.class,
      JobsCommand.class,
      LogsCommand.class,
      AttachCommand.class,
      KillCommand.class,
      ForwardCommand.class,
      SshConfigCommand.class,
      GpuCommand.class,
      ProxyCommand.class,
      StatusCommand.class,
      FlushCommand.class,
      WarmCommand.class,
      PendingCommand.class,
      RestoreCommand.class,
      UmountCommand.class,
      ProfilesCommand.class,
      ConfigCommand.class,
      DoctorCommand.class,
      DemoCommand.class,
      DaemonCommand.class,
      HelpCommand.class,
    },
    commandListHeading = "%nCommands:%n",
    footer = {"", "Begin with:  colabfs init '{\"host\": ..., \"port\": ..., \"password\": ...}'"})
public final class Main implements Runnable {
  /** They can be used although a setting is wrong: to see that, or to leave a mount. */
  private static final Set<String> WITHOUT_SETTINGS =
      Set.of("config", "doctor", "help", "status", "umount", DaemonLauncher.DAEMON_COMMAND);

  private final Surroundings surroundings;
  private final Settings settings;

  @Mixin private final GlobalOptions global = new GlobalOptions();

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version and exit.")
  boolean version;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  private Main(Surroundings surroundings, Settings settings) {
    this.surroundings = surroundings.in(settings.environment());
    this.settings = settings;
  }

  public static void main(String[] args) {
    System.setProperty("java.util.logging.config.class", LogSettings.class.getName());
    NativeCrypto.prepare();
    System.exit(run(Surroundings.ofProcess(), args));
  }

  /** Runs one command line and gives its exit code. */
  static int run(Surroundings surroundings, String... args) {
    int code = commandLine(surroundings).execute(args);
    surroundings.out().flush();
    surroundings.err().flush();
    return code;
  }

  static CommandLine commandLine(Surroundings given) {
    Settings settings = Settings.of(given.environment());
    Main main = new Main(given, settings);
    Surroundings surroundings = main.surroundings;
    LogSettings.debug(surroundings.isDebugging());
    CommandLine commandLine = new CommandLine(main);
    ConfiguredDefaults defaults = new ConfiguredDefaults(settings);
    // What follows the command's name is the command's own.
    Objects.requireNonNull(commandLine.getSubcommands().get("exec")).setStopAtPositional(true);
    return commandLine
        .setOut(surroundings.out())
        .setErr(surroundings.err())
        .setExpandAtFiles(false)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setDefaultValueProvider(defaults)
        .setHelpFactory(defaults)
        .setNegatableOptionTransformer(new OneName())
        .setExecutionStrategy(main::execute)
        .setColorScheme(
            CommandLine.Help.defaultColorScheme(
                surroundings.terminal().isThere()
                    ? CommandLine.Help.Ansi.AUTO
                    : CommandLine.Help.Ansi.OFF))
        .setParameterExceptionHandler((failure, args) -> Failures.ofUsage(surroundings, failure))
        .setExecutionExceptionHandler(
            (failure, command, parsed) ->
                Failures.ofExecution(surroundings, failure, command, parsed));
  }

  /** Help first, which needs nothing; then nothing that a wrong setting would change. */
  private int execute(ParseResult parsed) {
    Integer help = CommandLine.executeHelpRequest(parsed);
    if (help != null) {
      return help;
    }
    ParseResult command = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    String name = command.commandSpec().name();
    ConfigException problem = settings.problem();
    if (problem != null && !WITHOUT_SETTINGS.contains(name)) {
      return Failures.ofExecution(
          surroundings, problem, command.commandSpec().commandLine(), parsed);
    }
    if (problem != null && Set.of("status", "umount").contains(name)) {
      surroundings.warn(String.valueOf(problem.getMessage()));
    }
    if (!name.equals(DaemonLauncher.DAEMON_COMMAND)) {
      settings.warnings().forEach(surroundings::warn);
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  /** Without a subcommand there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say what to do: a command is missing");
  }

  Surroundings surroundings() {
    return surroundings;
  }

  Settings settings() {
    return settings;
  }

  ProfileStore store() {
    return new ProfileStore(
        ProfileStore.configDirectory(surroundings.environment()), surroundings::warn);
  }

  /** What the option -p says, or null. */
  @Nullable String profileOption() {
    return global.profile;
  }

  /** The profile that is meant: the option's, else the environment's, else the default. */
  String profileName() throws ProfileException {
    if (global.profile != null) {
      return global.profile;
    }
    String named = surroundings.environment().getOrDefault("COLABFS_PROFILE", "");
    return named.isEmpty() ? store().defaultName() : named;
  }

  /**
   * The profile that a command names as its argument; it may be named by the option too, but not
   * differently.
   */
  String profileName(CommandLine command, String argument) {
    if (global.profile != null && !global.profile.equals(argument)) {
      throw new ParameterException(
          command, "two profiles are named, '%s' and '%s'".formatted(argument, global.profile));
    }
    return argument;
  }
}
