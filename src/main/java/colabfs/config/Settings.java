package colabfs.config;

import colabfs.core.Nearest;
import colabfs.profile.ProfileStore;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The settings that hold here: an environment variable comes before the file, and that before what
 * is built in. Options come before all of them, and are not known here.
 *
 * <p>Threading: immutable.
 */
public final class Settings {
  private static final String PREFIX = "COLABFS_";

  private final Map<String, String> environment;
  private final Path file;
  private final Map<Setting, Value> values;
  private final List<String> warnings;
  private final @Nullable ConfigException problem;

  /** Where a value comes from. */
  public enum Source {
    ENVIRONMENT,
    FILE,
    BUILT_IN
  }

  /**
   * What a setting is.
   *
   * @param elements one, or those of a list; none when nothing is set
   */
  public record Value(Source source, List<String> elements) {
    public Value {
      elements = List.copyOf(elements);
    }
  }

  private Settings(
      Map<String, String> environment,
      Path file,
      Map<Setting, Value> values,
      @Nullable ConfigException problem) {
    this.environment = environment;
    this.file = file;
    this.values = values;
    this.warnings = unknownVariables(environment);
    this.problem = problem;
  }

  /** Reads the environment and the file. What is wrong with them is kept for {@link #check}. */
  public static Settings of(Map<String, String> environment) {
    Path file = ProfileStore.configDirectory(environment).resolve("config.json");
    Map<Setting, Value> values = new EnumMap<>(Setting.class);
    try {
      new ConfigFile(file)
          .read()
          .forEach((setting, value) -> values.put(setting, new Value(Source.FILE, value)));
      fromVariables(environment, values);
      return new Settings(environment, file, values, null);
    } catch (ConfigException e) {
      return new Settings(environment, file, Map.of(), e);
    }
  }

  /** An empty variable counts as none, but an empty list is one. */
  private static void fromVariables(Map<String, String> environment, Map<Setting, Value> values)
      throws ConfigException {
    for (Setting setting : Setting.values()) {
      String text = environment.get(setting.variable());
      if (text == null || (text.isBlank() && !setting.isList())) {
        continue;
      }
      try {
        values.put(setting, new Value(Source.ENVIRONMENT, read(setting, text)));
      } catch (IllegalArgumentException e) {
        throw new ConfigException(
            "the environment variable %s must be %s; correct it, or unset it"
                .formatted(setting.variable(), e.getMessage()),
            e);
      }
    }
  }

  private static List<String> read(Setting setting, String text) {
    return setting.isList()
        ? Values.list(text).stream().map(setting::checked).toList()
        : List.of(setting.checked(text));
  }

  private static List<String> unknownVariables(Map<String, String> environment) {
    List<String> known = Stream.of(Setting.values()).map(Setting::variable).toList();
    return environment.keySet().stream()
        .filter(name -> name.startsWith(PREFIX) && !Setting.isKnownVariable(name))
        .sorted()
        .map(
            name ->
                "the environment variable %s means nothing%s"
                    .formatted(
                        name.replaceAll("\\p{Cntrl}", "?"),
                        Nearest.to(name, known)
                            .map(" (did you mean %s?)"::formatted)
                            .orElse("; 'colabfs config' shows those that do")))
        .toList();
  }

  /** Throws when something is wrong with the file or a variable: nothing of them is used then. */
  public void check() throws ConfigException {
    if (problem != null) {
      throw problem;
    }
  }

  /** What is wrong, or null. */
  public @Nullable ConfigException problem() {
    return problem;
  }

  /** What is strange and harmless: variables that nobody reads. */
  public List<String> warnings() {
    return warnings;
  }

  /** Where the file is, or would be. */
  public Path file() {
    return file;
  }

  /** What a setting is, and why. */
  public Value value(Setting setting) {
    return values.getOrDefault(setting, new Value(Source.BUILT_IN, List.of()));
  }

  /** The text of a setting that somebody set; null when it is built in. */
  public @Nullable String configured(Setting setting) {
    List<String> elements = value(setting).elements();
    return elements.isEmpty() ? null : elements.get(0);
  }

  /** The elements of a list. */
  public List<String> list(Setting setting) {
    return value(setting).elements();
  }

  /** Whether a flag was set to true. */
  public boolean isOn(Setting setting) {
    return Boolean.parseBoolean(configured(setting));
  }

  /** The environment for this program and its children, with what they look for there. */
  public Map<String, String> environment() {
    if (value(Setting.DEBUG).source() == Source.BUILT_IN) {
      return environment;
    }
    Map<String, String> changed = new HashMap<>(environment);
    changed.put(Setting.DEBUG.variable(), isOn(Setting.DEBUG) ? "1" : "0");
    return Map.copyOf(changed);
  }

  /**
   * Writes a setting to the file.
   *
   * @param words the value; a list may be several
   */
  public static Setting set(Path file, String key, List<String> words) throws ConfigException {
    Setting setting = named(key);
    if (words.size() > 1 && !setting.isList()) {
      throw new ConfigException("%s takes one value; put it in '...'".formatted(key));
    }
    Map<Setting, List<String>> all = new EnumMap<>(Setting.class);
    ConfigFile config = new ConfigFile(file);
    all.putAll(config.read());
    try {
      all.put(setting, words.stream().flatMap(word -> read(setting, word).stream()).toList());
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "%s must be %s; nothing was changed".formatted(key, e.getMessage()), e);
    }
    config.write(all);
    return setting;
  }

  /** Takes a setting out of the file; false when it was not there. */
  public static boolean unset(Path file, String key) throws ConfigException {
    Setting setting = named(key);
    Map<Setting, List<String>> all = new EnumMap<>(Setting.class);
    ConfigFile config = new ConfigFile(file);
    all.putAll(config.read());
    if (all.remove(setting) == null) {
      return false;
    }
    config.write(all);
    return true;
  }

  /** That there is no such setting, and what to do. */
  public static String unknown(String key) {
    return ConfigFile.unknown(key) + "; 'colabfs config' lists them";
  }

  private static Setting named(String key) throws ConfigException {
    Setting setting = Setting.of(key).orElse(null);
    if (setting == null) {
      throw new ConfigException(unknown(key));
    }
    if (!setting.isOfFile()) {
      throw new ConfigException(
          "%s cannot be kept in the file; set %s in your shell's start file: %s"
              .formatted(key, setting.variable(), setting.purpose()));
    }
    return setting;
  }
}
