package colabfs.exec;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

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

  private static final Pattern PLAIN_WORD = Pattern.compile("[A-Za-z0-9_./:=,+@%^-]+");

  /**
   * The outer script. sshd makes its child the leader of a session (session.c, do_exec_no_pty), so
   * the process id is also the group's; a server that does not is helped by setsid, which keeps the
   * process id. The profile's output goes nowhere and its input is empty: a command's streams are
   * its own (3, 4 and 5 keep them meanwhile).
   */
  private static final String OUTER =
      """
      printf '%s:%%s\\n' "$$"
      lead=
      if [ -r /proc/$$/stat ]; then
        read -r stat < /proc/$$/stat
        set -- ${stat##*) }
        if [ "$3" != "$$" ] && command -v setsid > /dev/null; then lead=setsid; fi
      fi
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
      exec 0<&4 1>&3 2>&5 3>&- 4<&- 5>&-
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
      if ! cd %s 2> /dev/null; then
        printf 'colabfs: cannot enter %%s on the runtime: it is missing, no directory, or closed to the login; cd elsewhere and try again\\n' %s >&2
        exit 255
      fi
      %s
      """;

  private CommandLine() {}

  /**
   * The whole text for {@link colabfs.remote.RemoteShell#start}. The first line that it prints is
   * {@code marker:PID}.
   *
   * @throws ExecException when it is longer than a runtime takes
   */
  static String of(ExecRequest request, String marker) throws ExecException {
    String inner =
        INNER.formatted(
            quote(request.directory()), quote(request.directory()), command(request.words()));
    String text = forAnyShell(OUTER.formatted(marker, quote(inner)));
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

  private static String command(List<String> words) {
    if (words.size() == 1 && !PLAIN_WORD.matcher(words.get(0)).matches()) {
      return "exec \"${SHELL:-/bin/sh}\" -c " + quote(words.get(0));
    }
    return "exec " + words.stream().map(CommandLine::quote).collect(Collectors.joining(" "));
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
