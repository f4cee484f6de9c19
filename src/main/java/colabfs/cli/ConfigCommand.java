package colabfs.cli;

import colabfs.config.ConfigException;
import colabfs.config.Setting;
import colabfs.config.Settings;
import colabfs.config.SettingsText;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs config [show | set | unset | path]}. */
@Command(
    name = "config",
    description = {
      "Shows and sets the defaults of options.",
      "",
      "An option on the command line comes first, then the environment variable, then the file, then"
          + " what is built in (docs/CONFIG.md).",
      ""
    },
    commandListHeading = "%nCommands:%n",
    subcommands = {
      ConfigCommand.ShowCommand.class,
      ConfigCommand.SetCommand.class,
      ConfigCommand.UnsetCommand.class,
      ConfigCommand.PathCommand.class,
    })
final class ConfigCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(names = "--json", description = "Print JSON (docs/CONFIG.md).")
  private boolean json;

  @Override
  public Integer call() throws ConfigException, CliFailure {
    return show(null, json);
  }

  private int show(@Nullable String key, boolean asJson) throws ConfigException, CliFailure {
    Settings settings = main.settings();
    settings.check();
    var out = main.surroundings().out();
    if (key != null) {
      Setting setting = Setting.of(key).orElseThrow(() -> new CliFailure(Settings.unknown(key)));
      out.println(SettingsText.value(setting, settings.value(setting)));
      return 0;
    }
    if (asJson) {
      out.print(SettingsText.json(settings));
      return 0;
    }
    int keys = width(Stream.of(Setting.values()).map(Setting::key));
    int values =
        width(Stream.of(Setting.values()).map(s -> SettingsText.value(s, settings.value(s))));
    for (Setting setting : Setting.values()) {
      Settings.Value value = settings.value(setting);
      out.printf(
          "%-" + keys + "s  %-" + values + "s  %s%n",
          setting.key(),
          SettingsText.value(setting, value),
          SettingsText.source(setting, value));
    }
    return 0;
  }

  private static int width(Stream<String> words) {
    return Math.min(40, words.mapToInt(String::length).max().orElse(1));
  }

  /** {@code colabfs config show [KEY]}. */
  @Command(name = "show", description = "Shows each setting, its value, and where that is from.")
  static final class ShowCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private ConfigCommand config;

    @Option(names = "--json", description = "Print JSON (docs/CONFIG.md).")
    private boolean json;

    @Parameters(arity = "0..1", paramLabel = "KEY", description = "Only this one's value.")
    private @Nullable String key;

    @Override
    public Integer call() throws ConfigException, CliFailure {
      return config.show(key, json || config.json);
    }
  }

  /** {@code colabfs config set KEY VALUE...}. */
  @Command(
      name = "set",
      description = {"Keeps a default in the file. A list's elements stand between commas.", ""})
  static final class SetCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private ConfigCommand config;

    @Parameters(index = "0", paramLabel = "KEY", description = "The setting.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String key;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "VALUE", description = "Its value.")
    private List<String> words = List.of();

    @Override
    public Integer call() throws ConfigException {
      Surroundings surroundings = config.main.surroundings();
      Setting setting = Settings.set(config.main.settings().file(), key, words);
      Settings now = Settings.of(surroundings.environment());
      Settings.Value value = now.value(setting);
      if (value.source() == Settings.Source.ENVIRONMENT) {
        surroundings.warn(
            "%s is set to %s, and comes before the file; unset it to have the file's value used"
                .formatted(setting.variable(), SettingsText.value(setting, value)));
      } else {
        surroundings
            .out()
            .printf("%s is now %s%n", setting.key(), SettingsText.value(setting, value));
      }
      return 0;
    }
  }

  /** {@code colabfs config unset KEY}. */
  @Command(name = "unset", description = "Takes a default out of the file.")
  static final class UnsetCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private ConfigCommand config;

    @Parameters(paramLabel = "KEY", description = "The setting.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String key;

    @Override
    public Integer call() throws ConfigException {
      boolean was = Settings.unset(config.main.settings().file(), key);
      if (!was) {
        config.main.surroundings().warn("%s is not set in the file".formatted(key));
      }
      return 0;
    }
  }

  /** {@code colabfs config path}. */
  @Command(name = "path", description = "Prints where the file is, or would be.")
  static final class PathCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private ConfigCommand config;

    @Override
    public Integer call() {
      config.main.surroundings().out().println(config.main.settings().file());
      return 0;
    }
  }
}
