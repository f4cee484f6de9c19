package colabfs.config;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The table of settings. Options, environment variables, the file's fields, the help and
 * docs/CONFIG.md all come from it or are compared with it by a test.
 */
@SuppressWarnings("ImmutableEnumChecker") // functions without state
public enum Setting {
  MOUNT_CACHE_SIZE(
      "mount.cache-size",
      Kind.size(Long.MAX_VALUE),
      "4G",
      "what is kept on the local disk of what was read; 0 keeps nothing"),
  MOUNT_TIMEOUT(
      "mount.timeout",
      Kind.seconds(3600),
      "20; with --drive 60",
      "the longest that a call into the mount may take"),
  MOUNT_FSYNC(
      "mount.fsync",
      Kind.choice("local", "remote"),
      "local",
      "what an fsync waits for: the journal here, or the runtime"),
  MOUNT_SYNC(
      "mount.sync", Kind.FLAG, "false", "no write-back: every change waits until it has arrived"),
  MOUNT_ON_NEW_RUNTIME(
      "mount.on-new-runtime",
      Kind.choice("ask", "restore", "fresh"),
      "ask",
      "what is done when another runtime answers than before"),
  MOUNT_READ_ONLY("mount.read-only", Kind.FLAG, "false", "refuse every change"),
  MOUNT_NO_HELPER("mount.no-helper", Kind.FLAG, "false", "do not start the helper on the runtime"),
  MOUNT_NO_PREFETCH("mount.no-prefetch", Kind.FLAG, "false", "fetch only what is asked for"),
  MOUNT_OPTIONS(
      "mount.options",
      Kind.list("\\S+", "options of FUSE, such as allow_other"),
      "none",
      "options for FUSE (-o), such as allow_other; those of the command line are added"),
  EXEC_TIMEOUT(
      "exec.timeout", Kind.TIME, "none", "end a command after that time, with exit status 124"),
  EXEC_ENV(
      "exec.env",
      Kind.list("[A-Za-z_][A-Za-z0-9_]*(=.*)?", "NAME=VALUE or NAME"),
      "none",
      "variables of a command's environment (-e); those of the command line are added and win"),
  EXEC_NO_SUPERVISE(
      "exec.no-supervise", Kind.FLAG, "false", "let commands end with the connection"),
  EXEC_NO_MAP(
      "exec.no-map", Kind.FLAG, "false", "leave arguments that are paths in the mount as they are"),
  FLUSH_TIMEOUT(
      "flush.timeout",
      Kind.seconds(24 * 3600),
      "that of the mount",
      "give up when nothing has moved for so long"),
  RESTORE_MAX_SIZE(
      "restore.max-size", Kind.size(Long.MAX_VALUE), "10M", "do not send larger files"),
  RESTORE_EXCLUDE(
      "restore.exclude",
      Kind.list(".+", "patterns as in .gitignore"),
      "none",
      "do not send what matches; the patterns of the command line are added"),
  WARM_MAX_SIZE("warm.max-size", Kind.size(1 << 20), "1M", "leave larger files out"),
  DEBUG("debug", Kind.FLAG, "false", "stack traces with errors, and more in a mount's log"),
  PROFILE(
      "profile",
      Kind.VARIABLE,
      "default",
      "the profile when -p names none; to keep it: 'colabfs profiles default NAME'"),
  COLAB_SESSIONS(
      "colab-sessions",
      Kind.VARIABLE,
      "~/.config/colab-cli/sessions.json",
      "the file of sessions of Google's command-line tool, where a profile names none"),
  CLIENT(
      "client",
      Kind.VARIABLE,
      "python",
      "what starts an exec through a mount; 'java' for Java as with every other command"),
  JAVA_OPTS("java-opts", Kind.VARIABLE, "none", "more flags for Java, split at spaces");

  /** Variables between parts of the program. */
  private static final List<String> INTERNAL =
      List.of("COLABFS_LC_ALL", "COLABFS_PORT", "COLABFS_SET");

  private final String key;
  private final Kind kind;
  private final String builtIn;
  private final String purpose;

  Setting(String key, Kind kind, String builtIn, String purpose) {
    this.key = key;
    this.kind = kind;
    this.builtIn = builtIn;
    this.purpose = purpose;
  }

  /** What shapes a value may have. */
  private enum Shape {
    ONE,
    FLAG,
    LIST,
    VARIABLE
  }

  /**
   * How a value is read.
   *
   * @param word for people
   * @param check gives a value's usual form
   */
  private record Kind(Shape shape, String word, UnaryOperator<String> check) {
    static final Kind FLAG =
        new Kind(Shape.FLAG, "true or false", text -> String.valueOf(Values.flag(text)));
    static final Kind TIME =
        new Kind(
            Shape.ONE,
            "time",
            text -> {
              var unused = Values.time(text);
              return text;
            });

    /** Of the environment alone. */
    static final Kind VARIABLE = new Kind(Shape.VARIABLE, "text", text -> text);

    static Kind size(long most) {
      return new Kind(
          Shape.ONE,
          "size",
          text -> {
            if (Values.size(text) > most) {
              throw new IllegalArgumentException("%d bytes at most".formatted(most));
            }
            return text;
          });
    }

    static Kind seconds(int most) {
      return new Kind(
          Shape.ONE, "seconds, 1 to " + most, text -> Integer.toString(Values.seconds(text, most)));
    }

    static Kind choice(String... choices) {
      return new Kind(
          Shape.ONE, String.join(", ", choices), text -> Values.choice(text, List.of(choices)));
    }

    /** Each element is of that form. */
    static Kind list(String form, String word) {
      Pattern pattern = Pattern.compile(form);
      return new Kind(
          Shape.LIST,
          "list",
          text -> {
            if (!pattern.matcher(text).matches()) {
              throw new IllegalArgumentException(word);
            }
            return text;
          });
    }
  }

  /** The setting of that key. */
  public static Optional<Setting> of(String key) {
    return Stream.of(values()).filter(setting -> setting.key.equals(key)).findFirst();
  }

  /** The setting that an option of a command has its default from. */
  public static Optional<Setting> of(String command, List<String> optionNames) {
    return optionNames.stream()
        .filter(name -> name.startsWith("--"))
        .map(name -> of(command + "." + name.substring(2)))
        .flatMap(Optional::stream)
        .filter(setting -> setting.kind.shape != Shape.LIST)
        .findFirst();
  }

  /** The names of all variables that mean something, here or inside of the program. */
  static boolean isKnownVariable(String name) {
    return INTERNAL.contains(name)
        || Stream.of(values()).anyMatch(setting -> setting.variable().equals(name));
  }

  /** As in the file, and after {@code colabfs config set}. */
  public String key() {
    return key;
  }

  /** Name of the environment variable. */
  public String variable() {
    return "COLABFS_" + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  /** What holds when nothing else is said, for people. */
  public String builtIn() {
    return builtIn;
  }

  /** What it is for, for people. */
  public String purpose() {
    return purpose;
  }

  /** What values it takes, for people. */
  public String takes() {
    return kind.word;
  }

  public boolean isFlag() {
    return kind.shape == Shape.FLAG;
  }

  public boolean isList() {
    return kind.shape == Shape.LIST;
  }

  /** Whether it can stand in the file; what is needed before that is read cannot. */
  public boolean isOfFile() {
    return kind.shape != Shape.VARIABLE;
  }

  /** Whether its values may be secrets. */
  public boolean isConfidential() {
    return this == EXEC_ENV;
  }

  /**
   * A value, or one element of a list, in its usual form.
   *
   * @throws IllegalArgumentException when it is none; the message continues "must be"
   */
  String checked(String text) {
    return kind.check.apply(text.strip());
  }
}
