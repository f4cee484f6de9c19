package colabfs.exec;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Builds the text that sshd hands to the login's shell, whichever that is.
 *
 * <p>Three shells in a row, each {@code exec}ed by the one before, so that all are one process: the
 * login's shell only starts {@code /bin/sh} with words that every shell reads alike; that announces
 * its process id; the login's shell again, as a login shell, for the environment; and then the
 * command.
 */
final class CommandLine {
  /** Linux's MAX_ARG_STRLEN (include/uapi/linux/binfmts.h), less the room for our own words. */
  static final int MAX_BYTES = 128 * 1024 - 256;

  /** A command that does not end by SIGTERM is killed so long after it; supervisor.py, too. */
  static final int KILL_AFTER_SECONDS = 10;

  private static final Pattern PLAIN_WORD = Pattern.compile("[A-Za-z0-9_./:=,+@%^-]+");

  /**
   * The outer script. sshd makes its child the leader of a session (session.c, do_exec_no_pty), so
   * the process id is also the group's; a server that does not is helped by setsid, which keeps the
   * process id.
   */
  private static final String ANNOUNCE =
      """
      printf '%s:%%s\\n' "$$"
      lead=
      if [ -r /proc/$$/stat ]; then
        read -r stat < /proc/$$/stat
        set -- ${stat##*) }
        if [ "$3" != "$$" ] && command -v setsid > /dev/null; then lead=setsid; fi
      fi
      """;

  /**
   * Starts the login's shell. The profile's output goes nowhere and its input is empty: a command's
   * streams are its own (3, 4 and 5 keep them meanwhile).
   */
  private static final String OUTER =
      """
      case "${SHELL##*/}" in
        bash | dash | ash | sh | zsh | ksh | mksh) login=$SHELL ;;
        *) login=/bin/sh ;;
      esac
      exec $lead "$login" -l -c %s 3>&1 4<&0 5>&2 > /dev/null < /dev/null 2> /dev/null
      """;

  /**
   * The inner script, run after the profile. Colab's notebooks have the NVIDIA directories in their
   * environment, which sshd does not pass on.
   */
  private static final String INNER =
      """
      if [ -d /usr/lib64-nvidia ]; then
        if [ -z "${LD_LIBRARY_PATH+set}" ]; then export LD_LIBRARY_PATH=/usr/lib64-nvidia; fi
        for d in /usr/local/cuda/bin /usr/local/nvidia/bin /opt/bin; do
          case ":$PATH:" in
            *":$d:"*) ;;
            *) if [ -d "$d" ]; then PATH=$d:$PATH; fi ;;
          esac
        done
        export PATH
      fi
      %s
      if ! cd %s 2> /dev/null; then
        printf 'colabfs: cannot enter %%s on the runtime: it is missing, no directory, or closed to the login; cd elsewhere and try again\\n' %s >&2
        exit 255
      fi
      %s
      """;

  /** Takes the streams back that {@link #OUTER} kept. */
  private static final String TAKE_STREAMS = "exec 0<&4 1>&3 2>&5 3>&- 4<&- 5>&-\n";

  /**
   * Where nobody has set a locale, one in which editors show UTF-8; and for a terminal that is
   * unknown here, the usual one.
   */
  private static final String AT_TERMINAL =
      """
      if [ -z "${LC_ALL-}${LC_CTYPE-}${LANG-}" ] && locale -a 2> /dev/null | grep -qi '^c\\.utf-*8$'; then
        LANG=C.UTF-8
        export LANG
      fi
      if command -v tput > /dev/null && ! tput longname > /dev/null 2>&1; then
        TERM=xterm-256color
        export TERM
      fi
      """;

  /** Sets what {@link #SETTINGS} holds, after the profile has set what it wants. */
  private static final String TAKE_SETTINGS = "eval \"${COLABFS_SET-}\"; unset COLABFS_SET";

  /** The variable that carries a supervised command's environment past the login's profile. */
  static final String SETTINGS = "COLABFS_SET";

  private CommandLine() {}

  /**
   * The whole text for {@link colabfs.remote.RemoteShell#start}. The first line that it prints is
   * {@code marker:PID}.
   *
   * @throws ExecException when it is longer than a runtime takes
   */
  static String of(ExecRequest request, String marker) throws ExecException {
    return bounded(
        forAnyShell(
            ANNOUNCE.formatted(marker)
                + OUTER.formatted(quote(inner(request, settings(request.options()), true)))));
  }

  /**
   * The text for a supervisor, which makes the session and knows the process by itself. The
   * environment goes apart, as {@link #SETTINGS}: it may hold secrets, and everybody on the runtime
   * sees the words of a command.
   *
   * @throws ExecException when it is longer than a runtime takes
   */
  static String supervised(ExecRequest request) throws ExecException {
    return bounded(forAnyShell(session(request, TAKE_SETTINGS, false)));
  }

  /**
   * The text for a server that has made the session, with a terminal.
   *
   * @throws ExecException when it is longer than a runtime takes
   */
  static String atTerminal(ExecRequest request) throws ExecException {
    return bounded(forAnyShell(session(request, settings(request.options()), true)));
  }

  /** A login shell reads the profile itself, and shows what that prints. */
  private static String session(ExecRequest request, String settings, boolean timed) {
    String inner = inner(request, settings, timed);
    return request.words().isEmpty() ? inner : "lead=\n" + OUTER.formatted(quote(inner));
  }

  /** A script that sets the environment that was asked for. */
  static String settings(ExecOptions options) {
    return options.environment().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(entry -> "export %s=%s;".formatted(entry.getKey(), quote(entry.getValue())))
        .collect(Collectors.joining(" "));
  }

  /** The command as a person would have typed it. */
  static String shown(List<String> words) {
    if (words.isEmpty()) {
      return "shell";
    }
    if (words.size() == 1) {
      return words.get(0);
    }
    return words.stream()
        .map(word -> PLAIN_WORD.matcher(word).matches() ? word : quote(word))
        .collect(Collectors.joining(" "));
  }

  private static String inner(ExecRequest request, String settings, boolean timed) {
    String directory = quote(request.directory());
    return (request.words().isEmpty() ? "" : TAKE_STREAMS)
        + (request.options().terminal() == null ? "" : AT_TERMINAL)
        + INNER.formatted(settings, directory, directory, command(request, timed));
  }

  private static String bounded(String text) throws ExecException {
    if (text.length() > MAX_BYTES) {
      throw new ExecException(
          "the command line is too long for the runtime (%d of %d bytes); write it to a script in the mount and run that"
              .formatted(text.length(), MAX_BYTES));
    }
    return text;
  }

  /** A line that sends a signal to a group, or to the one process where there is no such group. */
  static String kill(long pid, ExecSignal signal) {
    return forAnyShell(
        "kill -s %1$s -- -%2$d 2> /dev/null || kill -s %1$s %2$d 2> /dev/null"
            .formatted(signal, pid));
  }

  private static String command(ExecRequest request, boolean timed) {
    List<String> words = request.words();
    String bounded = "exec " + (timed ? timeout(request.options().timeout()) : "");
    if (words.isEmpty()) {
      return bounded + "\"${SHELL:-/bin/sh}\" -l";
    }
    if (words.size() == 1 && !PLAIN_WORD.matcher(words.get(0)).matches()) {
      return bounded + "\"${SHELL:-/bin/sh}\" -c " + quote(words.get(0));
    }
    return bounded + words.stream().map(CommandLine::quote).collect(Collectors.joining(" "));
  }

  private static String timeout(@Nullable Duration timeout) {
    return timeout == null
        ? ""
        : "timeout -k %d %d.%03d "
            .formatted(KILL_AFTER_SECONDS, timeout.toSeconds(), timeout.toMillisPart());
  }

  /** One word for a POSIX shell. */
  static String quote(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /**
   * A POSIX script as a line that sh, bash, zsh, csh and fish all read alike: they disagree about
   * quotes in quotes, newlines and exclamation marks, so those are octal numbers here.
   */
  private static String forAnyShell(String script) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : script.strip().getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (c == ' ' || (c < 0x80 && PLAIN_WORD.matcher(String.valueOf(c)).matches())) {
        encoded.append(c);
      } else {
        encoded.append("\\0%03o".formatted((int) c));
      }
    }
    return "exec /bin/sh -c 'eval \"$(printf %b \"$1\")\"' colabfs '" + encoded + "'";
  }
}
