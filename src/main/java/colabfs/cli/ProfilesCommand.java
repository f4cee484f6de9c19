package colabfs.cli;

import colabfs.profile.HostKeyLine;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileJson;
import colabfs.profile.ProfileStore;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs profiles}: what there is, without secrets. */
@Command(
    name = "profiles",
    description = {"Lists, shows and removes profiles, or sets the default one.", ""},
    synopsisSubcommandLabel = "[list | show | remove | default]",
    subcommands = {
      ProfilesCommand.ListCommand.class,
      ProfilesCommand.ShowCommand.class,
      ProfilesCommand.RemoveCommand.class,
      ProfilesCommand.DefaultCommand.class,
    })
final class ProfilesCommand implements Callable<Integer> {

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(names = "--json", description = "Print JSON (docs/PROFILES.md).")
  private boolean json;

  @Override
  public Integer call() throws ProfileException {
    return list(json);
  }

  private int list(boolean asJson) throws ProfileException {
    ProfileStore store = main.store();
    List<Profile> profiles = new ArrayList<>();
    int code = 0;
    for (String name : store.names()) {
      try {
        profiles.add(store.load(name));
      } catch (ProfileException e) {
        main.surroundings().err().println("colabfs: " + Failures.message(e));
        code = 1;
      }
    }
    PrintWriter out = main.surroundings().out();
    if (asJson) {
      out.print(ProfileJson.shown(profiles, store.defaultName()));
    } else if (profiles.isEmpty() && code == 0) {
      main.surroundings()
          .err()
          .println(
              "there is no profile yet; make one with: colabfs init '{\"host\": ..., \"port\": ...}'");
    } else {
      printTable(out, profiles, store.defaultName());
    }
    return code;
  }

  private static void printTable(PrintWriter out, List<Profile> profiles, String defaultName) {
    int nameWidth = 4;
    int addressWidth = 7;
    for (Profile profile : profiles) {
      nameWidth = Math.max(nameWidth, profile.name().length());
      addressWidth = Math.max(addressWidth, Shown.address(profile).length());
    }
    String row = "%s %-" + nameWidth + "s  %-" + addressWidth + "s  %s%n";
    for (Profile profile : profiles) {
      out.printf(
          row,
          profile.name().equals(defaultName) ? "*" : " ",
          profile.name(),
          Shown.address(profile),
          profile.root());
    }
  }

  /** {@code colabfs profiles list}. */
  @Command(name = "list", description = "Lists all profiles; * marks the default.")
  static final class ListCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private ProfilesCommand profiles;

    @Option(names = "--json", description = "Print JSON (docs/PROFILES.md).")
    private boolean json;

    @Override
    public Integer call() throws ProfileException {
      return profiles.list(json || profiles.json);
    }
  }

  /** {@code colabfs profiles show [NAME]}. */
  @Command(name = "show", description = "Shows a profile, without its secrets.")
  static final class ShowCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private ProfilesCommand profiles;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(names = "--json", description = "Print JSON (docs/PROFILES.md).")
    private boolean json;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "The profile.")
    private @Nullable String name;

    @Override
    public Integer call() throws ProfileException {
      Main main = profiles.main;
      String chosen =
          name == null ? main.profileName() : main.profileName(spec.commandLine(), name);
      ProfileStore store = main.store();
      Profile profile = store.load(chosen);
      boolean isDefault = chosen.equals(store.defaultName());
      PrintWriter out = main.surroundings().out();
      if (json || profiles.json) {
        out.print(ProfileJson.shown(profile, isDefault));
      } else {
        print(out, profile, isDefault);
      }
      return 0;
    }

    private static void print(PrintWriter out, Profile profile, boolean isDefault)
        throws ProfileException {
      Profile.Credentials credentials = profile.credentials();
      Shown.line(out, "profile", profile.name() + (isDefault ? " (the default)" : ""));
      Shown.line(out, "address", Shown.address(profile));
      if (profile.endpoint() instanceof Profile.Command through) {
        Shown.line(out, "through", through.command());
      }
      if (profile.endpoint() instanceof Profile.Colab colab && colab.sessionsFile() != null) {
        Shown.line(out, "sessions", colab.sessionsFile());
      }
      Shown.line(out, "root", profile.root());
      Shown.line(out, "password", password(credentials));
      Shown.line(
          out,
          "key",
          (credentials.key() == null ? "your default keys and agent" : credentials.key())
              + (credentials.passphrase() == null ? "" : ", its passphrase kept, not shown"));
      String key = profile.hostKey();
      Shown.line(
          out, "host key", key == null ? "not pinned yet" : Shown.hostKey(HostKeyLine.parse(key)));
      Profile.ServerFacts server = profile.server();
      if (server != null) {
        Shown.server(out, server);
      }
    }
  }

  private static String password(Profile.Credentials credentials) {
    if (credentials.passwordCommand() != null) {
      return "asked of: " + credentials.passwordCommand();
    }
    return credentials.password() == null ? "none" : "kept, not shown";
  }

  /** {@code colabfs profiles remove NAME}. */
  @Command(name = "remove", description = "Removes profiles, with their secrets.")
  static final class RemoveCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private ProfilesCommand profiles;

    @Parameters(arity = "1..*", paramLabel = "NAME", description = "The profiles.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private List<String> names;

    @Override
    public Integer call() throws ProfileException, CliFailure {
      ProfileStore store = profiles.main.store();
      for (String name : names) {
        if (!store.remove(name)) {
          throw new CliFailure(
              "there is no profile '%s'; 'colabfs profiles' lists them".formatted(name));
        }
      }
      return 0;
    }
  }

  /** {@code colabfs profiles default [NAME]}. */
  @Command(name = "default", description = "Sets the default profile, or prints its name.")
  static final class DefaultCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private ProfilesCommand profiles;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "The profile.")
    private @Nullable String name;

    @Override
    public Integer call() throws ProfileException {
      ProfileStore store = profiles.main.store();
      if (name == null) {
        profiles.main.surroundings().out().println(store.defaultName());
      } else {
        store.setDefault(name);
      }
      return 0;
    }
  }
}
