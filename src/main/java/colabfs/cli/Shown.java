package colabfs.cli;

import colabfs.profile.HostKeyLine;
import colabfs.profile.Profile;
import java.io.PrintWriter;
import java.util.stream.Collectors;

/** How profiles look on the terminal. */
final class Shown {

  static void line(PrintWriter out, String label, String value) {
    out.printf("%-11s %s%n", label, plain(value));
  }

  /** Without what moves a terminal's cursor: names and errors come from anywhere. */
  static String plain(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** {@code user@host}, with the port unless it is SSH's own. */
  static String address(Profile profile) {
    Profile.Endpoint endpoint = profile.endpoint();
    if (endpoint instanceof Profile.Colab colab) {
      return profile.user() + "@colab:" + plain(colab.session());
    }
    String host = endpoint.host().contains(":") ? "[" + endpoint.host() + "]" : endpoint.host();
    return profile.user() + "@" + host + (endpoint.port() == 22 ? "" : ":" + endpoint.port());
  }

  static String hostKey(HostKeyLine key) {
    return key.type() + " " + key.fingerprint();
  }

  static void server(PrintWriter out, Profile.ServerFacts facts) {
    line(
        out,
        "server",
        "%s, login uid %d, gid %d".formatted(facts.software(), facts.uid(), facts.gid()));
    line(
        out,
        "extensions",
        facts.extensions().isEmpty()
            ? "none"
            : facts.extensions().stream()
                .map(name -> name.replaceFirst("@openssh\\.com$", ""))
                .collect(Collectors.joining(", ")));
  }

  private Shown() {}
}
