package colabfs.doctor;

import colabfs.control.MountStatus;
import colabfs.machine.MachineFigures;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the runtime has, and what its clock says. */
final class RuntimeChecks {
  private static final Pattern VERSION = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})(\\.[\\w.+]*)?");
  private static final Pattern TIME = Pattern.compile("(\\d{1,12})(\\.\\d{1,9})?.*");
  private static final int PYTHON_MAJOR = 3;
  private static final int PYTHON_MINOR = 8;

  /** Colab's runtimes have as many files in one environment of Python. */
  private static final long FEW_WATCHES = 8192;

  /** What was changed within so long of being read is looked at again: beyond, versions blur. */
  private static final double SKEW_SECONDS = 2;

  private static final int CLOCK_LOOKS = 5;

  private final Way connection;
  private final Duration patience;

  RuntimeChecks(Way connection, Duration patience) {
    this.connection = connection;
    this.patience = patience;
  }

  List<Check> all() {
    return List.of(
        Check.of("commands", this::commands, "root"),
        Check.of("python", this::python, "commands"),
        Check.of("inotify", this::inotify, "python"),
        Check.of("gpu", this::gpu, "commands").thatEndsByItself(),
        Check.of("clock", this::clock, "commands"));
  }

  private Finding commands() throws IOException {
    MountStatus mount = connection.mounted();
    if (mount != null && mount.newRuntime() != null) {
      return Finding.fail(
          "commands",
          "the mount holds back, as another runtime answers: " + mount.newRuntime().what(),
          "colabfs restore sends it what is known here; colabfs restore --fresh takes it as it is");
    }
    String answer = connection.line().ask("echo colabfs; uname -sr", patience);
    List<String> lines = answer.lines().toList();
    int at = lines.lastIndexOf("colabfs");
    return at < 0
        ? Finding.fail(
            "commands",
            "the login runs no commands, so there is no exec, no helper, and no port",
            "give the login a shell; look whether its start files end it")
        : Finding.ok(
            "commands",
            at + 1 < lines.size() ? "they run, on " + shortened(lines.get(at + 1)) : "they run");
  }

  private static String shortened(String text) {
    return text.length() > 80 ? text.substring(0, 80) : text;
  }

  private Finding python() throws IOException {
    MountStatus mount = connection.mounted();
    if (mount != null && mount.helper() != null && mount.helper().up()) {
      return Finding.ok(
          "python",
          "%s runs the mount's helper, which watches %d directories"
              .formatted(mount.helper().what(), mount.helper().watches()));
    }
    String lost =
        ": no helper, so trees come slower, others' changes show after 20 s, and commands end with"
            + " the connection";
    String next = "install Python 3.8 or newer there, such as: apt-get install -y python3";
    String answer =
        connection
            .line()
            .ask("python3 -I -S -c \"import sys; print(sys.version.split()[0])\" 2>&1", patience);
    Matcher version = VERSION.matcher(answer.strip().lines().reduce("", (a, b) -> b).strip());
    if (!version.matches()) {
      return Finding.warn("python", "there is no python3 on the runtime" + lost, next);
    }
    int major = Integer.parseInt(version.group(1));
    int minor = Integer.parseInt(version.group(2));
    boolean will = major > PYTHON_MAJOR || (major == PYTHON_MAJOR && minor >= PYTHON_MINOR);
    return will
        ? Finding.ok("python", "Python " + version.group())
        : Finding.warn("python", "Python %s is too old".formatted(version.group()) + lost, next);
  }

  private Finding inotify() throws IOException {
    List<String> limits =
        connection
            .line()
            .ask(
                "cat /proc/sys/fs/inotify/max_user_watches"
                    + " /proc/sys/fs/inotify/max_user_instances 2>/dev/null",
                patience)
            .lines()
            .filter(line -> line.matches("\\d{1,12}"))
            .toList();
    if (limits.size() < 2) {
      return Finding.warn(
          "inotify",
          "the runtime does not tell its limits of inotify, and perhaps has none",
          "nothing has to be done; changes of others show after 20 s where it is missing");
    }
    long watches = Long.parseLong(limits.get(0));
    return watches < FEW_WATCHES
        ? Finding.warn(
            "inotify",
            "a login may watch %d directories, of which the helper takes three quarters; others are looked at every 20 s"
                .formatted(watches),
            "on the runtime, as root: sysctl fs.inotify.max_user_watches=524288")
        : Finding.ok(
            "inotify", "%d watches, %s instances for a login".formatted(watches, limits.get(1)));
  }

  private Finding gpu() throws IOException {
    MachineFigures figures = connection.line().machine();
    if (figures.gpus().isEmpty()) {
      return Finding.ok("gpu", "none, or no driver for it");
    }
    return Finding.ok(
        "gpu",
        figures.gpus().stream()
            .map(
                gpu ->
                    gpu.memory() == null
                        ? gpu.name()
                        : "%s, %s".formatted(gpu.name(), Reasons.bytes(gpu.memory().totalBytes())))
            .collect(Collectors.joining("; ")));
  }

  /** Its time less ours in the middle of the round trip; the shortest one tells best. */
  private Finding clock() throws IOException {
    double best = Double.MAX_VALUE;
    double skew = 0;
    try (Dialogue dialogue = Dialogue.begin(connection.line(), patience)) {
      for (int i = 0; i < CLOCK_LOOKS; i++) {
        Instant before = Instant.now();
        Dialogue.Told told = dialogue.ask("t");
        Matcher time = TIME.matcher(told.answer());
        if (!time.matches()) {
          throw new IOException("the runtime's date(1) does not tell the time");
        }
        boolean whole = time.group(2) == null;
        double doubt = told.nanos() / 2e9 + (whole ? 0.5 : 0);
        if (doubt < best) {
          best = doubt;
          BigDecimal there =
              new BigDecimal(time.group(1) + (whole ? ".5" : time.group(2)))
                  .subtract(BigDecimal.valueOf(before.getEpochSecond()));
          skew = there.doubleValue() - before.getNano() / 1e9 - told.nanos() / 2e9;
        }
      }
    }
    String text =
        String.format(
            Locale.ROOT,
            "the runtime's is %.2f s %s of this machine's, give or take %.2f s",
            Math.abs(skew),
            skew < 0 ? "behind" : "ahead",
            Math.max(0.01, best));
    return Math.abs(skew) - best > SKEW_SECONDS
        ? Finding.warn(
            "clock",
            text + "; tools that compare times, such as make, may be wrong",
            "set the clock that is wrong: timedatectl set-ntp true")
        : Finding.ok("clock", text);
  }
}
