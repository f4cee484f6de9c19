package colabfs.cli;

import colabfs.remote.RemoteJob;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** Jobs as a person reads them. */
final class JobsText {
  /** Digits of a number that are shown, where they tell jobs apart. */
  private static final int DIGITS = 8;

  private static final int COMMAND_CHARACTERS = 100;

  private final PrintWriter out;

  JobsText(PrintWriter out) {
    this.out = out;
  }

  void list(List<RemoteJob> jobs, Instant now) {
    if (jobs.isEmpty()) {
      out.println("no commands are kept on the runtime");
    }
    int digits = digits(jobs);
    for (RemoteJob job : jobs) {
      String id = job.id().substring(0, digits);
      out.printf("%s  %s%n", id, cut(job.command()));
      out.printf("%s  %s%n", " ".repeat(digits), state(job, now));
      if (job.lastLine().codePoints().anyMatch(Character::isLetterOrDigit)) {
        out.printf("%s  | %s%n", " ".repeat(digits), cut(job.lastLine()));
      }
    }
  }

  /** As few as tell all of them apart. */
  private static int digits(List<RemoteJob> jobs) {
    int digits = DIGITS;
    while (digits < 16 && isAmbiguous(jobs, digits)) {
      digits++;
    }
    return digits;
  }

  private static boolean isAmbiguous(List<RemoteJob> jobs, int digits) {
    return jobs.stream().map(job -> job.id().substring(0, digits)).distinct().count() < jobs.size();
  }

  private static String state(RemoteJob job, Instant now) {
    Instant started = job.started();
    Instant ended = job.ended();
    StringBuilder text = new StringBuilder();
    switch (job.state()) {
      case RUNNING -> text.append("running");
      case ENDED -> text.append("ended, ").append(ending(job));
      case LOST -> text.append("lost: the runtime was restarted, or its supervisor killed");
    }
    if (started != null && job.state() == RemoteJob.State.RUNNING) {
      text.append(" for ").append(time(Duration.between(started, now)));
    } else if (started != null && ended != null) {
      text.append(" after ").append(time(Duration.between(started, ended)));
      text.append(", ").append(time(Duration.between(ended, now))).append(" ago");
    }
    if (job.terminal() && job.state() == RemoteJob.State.RUNNING) {
      text.append(atTerminal(job, now));
    }
    if (job.cpuSeconds() >= 0) {
      text.append(String.format(Locale.ROOT, ", CPU %s", time(cpu(job))));
    }
    return text.toString();
  }

  private static String atTerminal(RemoteJob job, Instant now) {
    if (job.attached()) {
      return ", somebody is at its terminal";
    }
    Instant left = job.left();
    return left == null
        ? ", nobody was at its terminal yet"
        : ", nobody is at its terminal since " + time(Duration.between(left, now));
  }

  private static Duration cpu(RemoteJob job) {
    return Duration.ofMillis(Math.round(Math.min(job.cpuSeconds(), 1e12) * 1000));
  }

  private static String ending(RemoteJob job) {
    if (!job.signal().isEmpty()) {
      return "killed by SIG" + job.signal();
    }
    Integer code = job.code();
    return code == null ? "nobody knows how" : "status " + code;
  }

  static String cut(String text) {
    String plain = Shown.plain(text);
    return plain.length() > COMMAND_CHARACTERS
        ? plain.substring(0, COMMAND_CHARACTERS - 3) + "..."
        : plain;
  }

  private static String time(Duration duration) {
    if (duration.toDays() > 0) {
      return "%d d %d h".formatted(duration.toDays(), duration.toHoursPart());
    }
    if (duration.toHours() > 0) {
      return "%d h %d min".formatted(duration.toHours(), duration.toMinutesPart());
    }
    return duration.toMinutes() > 0
        ? "%d min %d s".formatted(duration.toMinutes(), duration.toSecondsPart())
        : "%d s".formatted(Math.max(0, duration.toSeconds()));
  }
}
