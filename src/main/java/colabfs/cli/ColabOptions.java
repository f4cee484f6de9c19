package colabfs.cli;

import colabfs.profile.ColabSessions;
import colabfs.profile.Profile;
import colabfs.profile.ProfileDraft;
import colabfs.profile.ProfileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of {@code colabfs init} for ways that need no address: sessions, and presets. */
final class ColabOptions {
  private static final String NAME = "[A-Za-z0-9_][A-Za-z0-9._@:-]*";

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--colab",
      arity = "0..1",
      paramLabel = "SESSION",
      fallbackValue = "",
      description =
          "Reach a session of Google's command-line tool by Google's own endpoint, without a tunnel.")
  private @Nullable String session;

  @Option(
      names = "--colab-sessions",
      paramLabel = "FILE",
      description = "The tool's file (~/.config/colab-cli/sessions.json).")
  private @Nullable String file;

  @Option(
      names = "--via",
      paramLabel = "WAY",
      description =
          "Write a usual --proxy-command: cloudflared, gcloud, colab=SESSION or jump=HOST.")
  private @Nullable String via;

  /** What they say of a profile of that name; reads the tool's file where a name is missing. */
  ProfileDraft draft(String name, Map<String, String> environment) throws ProfileException {
    if (file != null && session == null) {
      throw usage("--colab-sessions belongs to --colab");
    }
    if (session == null) {
      return via == null ? ProfileDraft.EMPTY : ProfileDraft.EMPTY.withProxyCommand(command(via));
    }
    if (via != null) {
      throw usage("--colab and --via are two ways; leave one of them out");
    }
    Path read = ColabSessions.file(new Profile.Colab(session, file, null), environment);
    boolean isUsual =
        read.equals(ColabSessions.file(new Profile.Colab("", null, null), usual(environment)));
    return ProfileDraft.EMPTY.withColab(
        new Profile.Colab(
            session.isBlank() ? only(name, read) : session,
            isUsual ? null : read.toString(),
            null));
  }

  private static Map<String, String> usual(Map<String, String> environment) {
    Map<String, String> without = new HashMap<>(environment);
    without.remove(ColabSessions.FILE_VARIABLE);
    return without;
  }

  /** The session that is meant when none is named: that of the profile's name, or the only one. */
  private String only(String name, Path sessions) throws ProfileException {
    List<String> names = ColabSessions.read(sessions).names();
    if (names.contains(name)) {
      return name;
    }
    if (names.size() != 1) {
      throw new ProfileException(
          names.isEmpty()
              ? "Google's tool has no session (%s holds none). Make one with 'colab new -s NAME'."
                  .formatted(sessions)
              : "Google's tool has several sessions: %s. Name one: --colab SESSION."
                  .formatted(String.join(", ", names)));
    }
    return names.get(0);
  }

  private String command(String way) {
    int equals = way.indexOf('=');
    String kind = (equals < 0 ? way : way.substring(0, equals)).toLowerCase(Locale.ROOT);
    String value = equals < 0 ? "" : way.substring(equals + 1);
    return switch (kind) {
      case "cloudflared" -> preset(value.isEmpty(), "cloudflared access ssh --hostname %h");
      case "gcloud" -> preset(value.isEmpty(), "gcloud compute ssh %h --quiet -- -W localhost:%p");
      case "colab" -> preset(value.matches(NAME), "colab ssh --proxy-mode -s " + value);
      case "jump" -> preset(value.matches(NAME), "ssh -W %h:%p " + value);
      default -> throw unknown();
    };
  }

  private String preset(boolean isWellFormed, String command) {
    if (!isWellFormed) {
      throw unknown();
    }
    return command;
  }

  private ParameterException unknown() {
    return usage("--via takes cloudflared, gcloud, colab=SESSION or jump=HOST, not '" + via + "'");
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
