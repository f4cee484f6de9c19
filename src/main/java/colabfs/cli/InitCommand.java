package colabfs.cli;

import colabfs.profile.HostKeyLine;
import colabfs.profile.Profile;
import colabfs.profile.ProfileDraft;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileJson;
import colabfs.profile.ProfileStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs init}: makes a profile, tries it, and pins the server's key. */
@Command(
    name = "init",
    customSynopsis = "colabfs init [OPTIONS] [NAME] [JSON | @FILE | -]",
    description = {
      "Makes a profile, or changes one: says where a runtime is and how to log in.",
      "",
      "The JSON is what ColabLink prints, or has these fields: host, port, user, password, key,"
          + " passphrase, host_key, proxy_command, root. Options win over it. Without a host,"
          + " an existing profile keeps its address and what is not given.",
      ""
    })
final class InitCommand implements Callable<Integer> {

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME | JSON | @FILE | -",
      description =
          "The profile's name, and the JSON: as text that begins with {, in a file, or on standard"
              + " input.")
  private List<String> arguments = List.of();

  @Option(names = "--host", paramLabel = "HOST", description = "Name or address of the server.")
  private @Nullable String host;

  @Option(names = "--port", paramLabel = "PORT", description = "Its port (22).")
  private @Nullable String port;

  @Option(names = "--user", paramLabel = "USER", description = "The login (root).")
  private @Nullable String user;

  @Option(names = "--key", paramLabel = "FILE", description = "A private key to log in with.")
  private @Nullable String key;

  @Mixin private final PasswordOptions password = new PasswordOptions();

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "The directory to be mounted (/content).")
  private @Nullable String root;

  @Option(
      names = "--host-key",
      paramLabel = "LINE",
      description = "The server's public key, as ssh-keyscan prints it.")
  private @Nullable String hostKey;

  @Option(
      names = "--proxy-command",
      paramLabel = "COMMAND",
      description = "Reach the server through this program, as OpenSSH's ProxyCommand.")
  private @Nullable String proxyCommand;

  @Mixin private final ColabOptions colab = new ColabOptions();

  @Option(
      names = "--accept-new-host-key",
      description = "Trust whoever answers first, without asking.")
  private boolean acceptNewHostKey;

  @Option(names = "--no-check", description = "Do not connect: only write the profile.")
  private boolean noCheck;

  @Override
  public Integer call() throws Exception {
    Arguments given = Arguments.of(arguments, spec.commandLine());
    if (noCheck && acceptNewHostKey) {
      throw usage("--no-check sees no host key that --accept-new-host-key could accept");
    }
    password.check(spec.commandLine(), given.json());
    String name =
        given.name() == null
            ? main.profileName()
            : main.profileName(spec.commandLine(), given.name());
    ProfileStore store = main.store();
    Profile existing = existing(store, name);
    Profile profile = profile(name, given.json(), existing);
    checkKeyFile(profile);
    FirstKey.makeIfNeeded(profile, main.surroundings());
    PrintWriter out = main.surroundings().out();
    if (noCheck) {
      store.save(profile);
      Shown.line(out, "profile", name + ": " + Shown.address(profile) + ", not tried");
      Shown.line(out, "root", profile.root());
      String pinned = profile.hostKey();
      Shown.line(
          out,
          "host key",
          pinned == null
              ? "not pinned yet; 'colabfs init %s' without --no-check does it".formatted(name)
              : Shown.hostKey(HostKeyLine.parse(pinned)));
      return 0;
    }
    SessionNews.tell(profile, main.surroundings());
    new ConnectionTrial(main.surroundings(), store, acceptNewHostKey).run(profile);
    Shown.line(out, "next", "colabfs mount %s DIRECTORY".formatted(name));
    return 0;
  }

  /** What was there under that name; a file that cannot be read is about to be replaced. */
  private @Nullable Profile existing(ProfileStore store, String name) throws ProfileException {
    if (!store.exists(name)) {
      return null;
    }
    try {
      return store.load(name);
    } catch (ProfileException e) {
      main.surroundings().warn(Failures.message(e) + " (it is made anew)");
      return null;
    }
  }

  private Profile profile(String name, @Nullable String json, @Nullable Profile existing)
      throws ProfileException, IOException, CliFailure {
    ProfileDraft draft = json == null ? ProfileDraft.EMPTY : fromJson(json);
    draft = draft.overlaidBy(colab.draft(name, main.surroundings().environment()));
    draft = draft.overlaidBy(fromOptions());
    if (!draft.hasAddress()) {
      ProfileDraft ofSession = ProfileStore.ofSession(name);
      if (existing == null && ofSession != null) {
        return ofSession.overlaidBy(draft).toProfile(name);
      }
      if (existing == null) {
        throw usage(
            "no server is given: add the JSON that the notebook printed, or --host, or --colab");
      }
      return ProfileDraft.of(existing).overlaidBy(draft).toProfile(name);
    }
    Profile profile = draft.toProfile(name);
    if (existing == null || !existing.endpoint().leadsWhere(profile.endpoint())) {
      return profile;
    }
    String pinned = existing.hostKey();
    return pinned != null && profile.hostKey() == null
        ? profile.withHostKey(
            pinned,
            existing.endpoint() instanceof Profile.Colab known ? known.pinnedRuntime() : null)
        : profile;
  }

  private ProfileDraft fromJson(String argument) throws ProfileException, IOException {
    String text = argument;
    if (argument.equals("-")) {
      if (main.surroundings().terminal().isThere()) {
        main.surroundings().err().println("Paste the JSON, then press Enter and Ctrl-D:");
      }
      text = new String(main.surroundings().in().readAllBytes(), StandardCharsets.UTF_8);
    } else if (argument.startsWith("@")) {
      text = Files.readString(path(argument.substring(1)));
    }
    ProfileJson.Pasted pasted = ProfileJson.pasted(text);
    pasted.warnings().forEach(main.surroundings()::warn);
    ProfileDraft draft = pasted.draft();
    if (argument.startsWith("{") && (draft.password() != null || draft.passphrase() != null)) {
      main.surroundings()
          .warn(
              "the secret stood on the command line, where 'ps' and the shell's history show it; "
                  + ShellHistory.removal(main.surroundings().environment())
                  + "; next time: colabfs init -");
    }
    return draft.key() == null ? draft : draft.overlaidBy(onlyKey(absolute(draft.key())));
  }

  private ProfileDraft fromOptions() throws IOException, CliFailure {
    ProfileDraft options =
        new ProfileDraft(
            host, port, user, null, null, null, null, hostKey, proxyCommand, root, null);
    options = options.overlaidBy(password.draft(main.surroundings()));
    return key == null ? options : options.overlaidBy(onlyKey(absolute(key)));
  }

  private static ProfileDraft onlyKey(String path) {
    return new ProfileDraft(null, null, null, null, path, null, null, null, null, null, null);
  }

  /** Daemons run in another directory; text that holds a key itself is refused later. */
  private static String absolute(String path) {
    return path.contains("-----BEGIN") || path.indexOf('\0') >= 0 ? path : path(path).toString();
  }

  private static Path path(String text) {
    Path path =
        text.startsWith("~/")
            ? Path.of(System.getProperty("user.home"), text.substring(2))
            : Path.of(text);
    return path.toAbsolutePath().normalize();
  }

  private static void checkKeyFile(Profile profile) throws CliFailure {
    String file = profile.credentials().key();
    if (file != null && !Files.isReadable(Path.of(file))) {
      throw new CliFailure(
          "the key file %s is missing or cannot be read; check --key".formatted(file));
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
