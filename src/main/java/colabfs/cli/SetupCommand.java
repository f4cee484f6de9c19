package colabfs.cli;

import colabfs.notebook.SetupCell;
import colabfs.notebook.SetupSettings;
import colabfs.profile.HostKeyLine;
import colabfs.profile.Profile;
import colabfs.profile.ProfileDraft;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import colabfs.ssh.LoginKeys;
import colabfs.ssh.LoginKeys.LoginKey;
import colabfs.ssh.OwnKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs setup}: writes the notebook that makes a runtime reachable. */
@Command(
    name = "setup",
    description = {
      "Writes a notebook for the runtime: its cell starts an SSH server that only your key opens, opens a"
          + " tunnel, and prints the 'colabfs init' line to paste here.",
      "",
      "Nothing secret is in the notebook; a tunnel's token is asked for where it runs.",
      ""
    })
final class SetupCommand implements Callable<Integer> {

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "The profile that 'colabfs init' will make.")
  private @Nullable String argument;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where the notebook goes (colab_setup.ipynb).")
  private Path out = Path.of("colab_setup.ipynb");

  @Option(names = "--print", description = "Print the cell's code, and write no notebook.")
  private boolean print;

  @Option(
      names = "--tunnel",
      paramLabel = "TUNNEL",
      description =
          "How the runtime is reached: none, ngrok, cloudflared, bore, pinggy, or command:PROGRAM (ngrok). In a"
              + " program's arguments %%p is the port; it prints HOST:PORT on a line.")
  private String tunnel = "ngrok";

  @Option(
      names = "--key",
      paramLabel = "FILE",
      description = "The key that may log in: a private key with its public half, or a .pub file.")
  private @Nullable Path key;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "The directory to be mounted (/content).")
  private String root = ProfileDraft.DEFAULT_ROOT;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Where the server listens there, on 127.0.0.1 (${DEFAULT-VALUE}).")
  private int port = SetupSettings.DEFAULT_PORT;

  @Option(names = "--drive", description = "Mount Google Drive there first, at /content/drive.")
  private boolean drive;

  @Option(
      names = "--password",
      description = "Have the cell make a password, too, for where no key can be used.")
  private boolean password;

  @Override
  public Integer call() throws ProfileException, IOException, CliFailure {
    String name =
        argument == null ? main.profileName() : main.profileName(spec.commandLine(), argument);
    ProfileDraft.EMPTY.withHost("localhost").toProfile(name); // checks the name
    LoginKey chosen = key(name);
    SetupCell cell = new SetupCell(settings(name, chosen));
    PrintWriter result = main.surroundings().out();
    if (print) {
      result.print(cell.code());
      return 0;
    }
    write(cell.notebook());
    Shown.line(result, "notebook", out.toString());
    Shown.line(
        result, "key", Shown.hostKey(HostKeyLine.parse(chosen.line())) + ", " + chosen.where());
    Shown.line(result, "next", "open it in Colab (File, Upload notebook), and run its cell;");
    Shown.line(result, "", "then run here the 'colabfs init' line that it prints");
    return 0;
  }

  private SetupSettings settings(String name, LoginKey chosen) {
    try {
      return new SetupSettings(name, List.of(chosen.line()), root, port, tunnel, drive, password);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** The key that a login will try first; docs/PROFILES.md has the order. */
  private LoginKey key(String name) throws IOException, ProfileException, CliFailure {
    Path named = key == null ? profileKey(name) : key;
    if (named != null) {
      try {
        return LoginKeys.of(named);
      } catch (IOException e) {
        throw new CliFailure(String.valueOf(e.getMessage()), e);
      }
    }
    List<LoginKey> keys = LoginKeys.ofUser();
    if (!keys.isEmpty()) {
      return keys.get(0);
    }
    OwnKey own = OwnKey.of(main.surroundings().environment());
    own.make();
    return LoginKeys.of(own.file());
  }

  private @Nullable Path profileKey(String name) throws ProfileException {
    ProfileStore store = main.store();
    if (!store.exists(name)) {
      return null;
    }
    Profile.Credentials credentials = store.load(name).credentials();
    return credentials.key() == null ? null : Path.of(credentials.key());
  }

  /** In one step, and never in place of a file that is something else. */
  private void write(String notebook) throws IOException, CliFailure {
    if (Files.exists(out) && !isOurs(out)) {
      throw new CliFailure(
          "%s is there already, and was not written by 'colabfs setup'; name another with --out"
              .formatted(out));
    }
    Path directory = out.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new CliFailure("there is no directory for %s; make it first".formatted(out));
    }
    Path draft = Files.createTempFile(directory, ".colab_setup", ".tmp");
    try {
      Files.writeString(draft, notebook);
      Files.move(draft, out, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  private static boolean isOurs(Path file) throws IOException {
    return Files.isRegularFile(file)
        && new String(Files.readAllBytes(file), StandardCharsets.UTF_8).contains(SetupCell.MARK);
  }
}
