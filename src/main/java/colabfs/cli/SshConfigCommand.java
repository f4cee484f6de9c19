package colabfs.cli;

import colabfs.app.KnownMounts;
import colabfs.control.RunningMount;
import colabfs.profile.OpenSshConfig;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.ssh.LoginKeys;
import colabfs.ssh.OwnKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs ssh-config [PROFILE]}. */
@Command(
    name = "ssh-config",
    description = {
      "Makes the runtime a host of ssh's, so that VS Code, JetBrains Gateway, scp and rsync reach it.",
      "",
      "The host is called colabfs-PROFILE and goes through the mount's one connection while the"
          + " profile is mounted. It stands in a file of its own, ~/.ssh/colabfs_config, which one line"
          + " at the top of ~/.ssh/config includes; you are asked before anything is written.",
      ""
    })
final class SshConfigCommand implements Callable<Integer> {

  /** Set by the launcher to its own path. */
  private static final String LAUNCHER = "colabfs.launcher";

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "PROFILE", description = "The profile.")
  private @Nullable String argument;

  @Option(
      names = {"-y", "--yes"},
      description = "Write without asking.")
  private boolean yes;

  @Option(names = "--print", description = "Only print the host's lines.")
  private boolean print;

  @Option(
      names = "--remove",
      description = "Take it out again: the profile that is named, or everything.")
  private boolean remove;

  @Override
  public Integer call() throws IOException, ProfileException, CliFailure {
    if (remove && print) {
      throw new ParameterException(spec.commandLine(), "--remove and --print exclude each other");
    }
    OpenSshConfig config = OpenSshConfig.in(home(main.surroundings()));
    PrintWriter out = main.surroundings().out();
    if (remove) {
      String named = argument == null ? main.profileOption() : argument;
      out.println(config.remove(named) ? "removed" : "there was nothing to remove");
      return 0;
    }
    String name = profileName();
    Profile profile = main.store().load(name);
    String entry = config.entry(profile, List.of(launcher(), "proxy", name), keys());
    if (print) {
      out.print(entry);
      return 0;
    }
    if (profile.hostKey() == null) {
      throw new CliFailure(
          "the host key of '%s' is not pinned yet; pin it with: colabfs init %s"
              .formatted(name, name));
    }
    write(config, profile, entry);
    tell(out, profile);
    return 0;
  }

  /** The profile that is meant; without a name, the default one or that of the only mount. */
  private String profileName() throws ProfileException, IOException {
    if (argument != null) {
      return main.profileName(spec.commandLine(), argument);
    }
    String name = main.profileName();
    List<RunningMount> mounts = KnownMounts.of(main.surroundings().environment()).all();
    boolean onlyOne =
        main.profileOption() == null && mounts.size() == 1 && !main.store().exists(name);
    return onlyOne ? mounts.get(0).profile() : name;
  }

  private void write(OpenSshConfig config, Profile profile, String entry)
      throws ProfileException, CliFailure {
    boolean included = config.isIncluded();
    if (!yes) {
      consent(config, entry, included);
    }
    config.put(profile, entry);
    if (!included) {
      config.include();
    }
  }

  private void consent(OpenSshConfig config, String entry, boolean included)
      throws ProfileException, CliFailure {
    Surroundings surroundings = main.surroundings();
    if (!surroundings.terminal().isThere()) {
      throw new CliFailure(
          "nothing was written, as nobody can be asked; say --yes, or see it with --print");
    }
    surroundings.err().printf("To %s:%n%s", config.hosts(), entry);
    if (!included) {
      surroundings.err().printf("At the top of %s:%n%s%n", config.user(), config.includeLine());
    }
    surroundings.err().flush();
    String answer = surroundings.terminal().ask("Write this (yes/no)? ");
    if (answer == null || !answer.strip().toLowerCase(Locale.ROOT).matches("y(es)?")) {
      throw new CliFailure("nothing was written; see it with --print");
    }
  }

  private static void tell(PrintWriter out, Profile profile) {
    String host = OpenSshConfig.host(profile.name());
    Shown.line(out, "host", host);
    Shown.line(
        out, "try", "ssh %s; in VS Code: Remote-SSH, Connect to Host, %s".formatted(host, host));
    if (profile.credentials().key() == null) {
      Shown.line(
          out,
          "login",
          profile.credentials().password() == null
              ? "with ssh's own keys or agent"
              : "ssh asks for the password itself, as it takes none from a file; a key is easier");
    }
  }

  /** Once a key file is named, ssh leaves its default ones out; so all of them, or none. */
  private List<Path> keys() {
    return OwnKey.of(main.surroundings().environment()).exists() ? LoginKeys.files() : List.of();
  }

  private static String launcher() {
    String launcher = System.getProperty(LAUNCHER, "");
    return launcher.isEmpty() ? "colabfs" : launcher;
  }

  /** The user's home directory. */
  static Path home(Surroundings surroundings) {
    String home = surroundings.environment().getOrDefault("HOME", "");
    return Path.of(home.isEmpty() ? System.getProperty("user.home") : home);
  }
}
