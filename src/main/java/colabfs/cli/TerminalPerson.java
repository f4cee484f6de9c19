package colabfs.cli;

import colabfs.control.LaunchPipe.Person;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Answers a connection's questions at the terminal; without one, every answer is no.
 *
 * @param acceptsNewHostKey whether whoever answers first is trusted, without asking
 */
record TerminalPerson(Surroundings surroundings, boolean acceptsNewHostKey) implements Person {

  @Override
  public boolean acceptsHostKey(String keyLine, String fingerprint) {
    if (acceptsNewHostKey || !surroundings.terminal().isThere()) {
      return acceptsNewHostKey;
    }
    surroundings
        .err()
        .printf(
            "The server is not known yet. Its host key is%n  %s %s%nCompare it with what the"
                + " notebook or 'ssh-keygen -lf' shows there.%n",
            keyLine.split(" ", 2)[0], fingerprint);
    String answer = surroundings.terminal().ask("Trust it (yes/no)? ");
    return answer != null && answer.strip().toLowerCase(Locale.ROOT).equals("yes");
  }

  @Override
  public char @Nullable [] secret(String prompt) {
    return surroundings.terminal().askSecretly(prompt);
  }
}
