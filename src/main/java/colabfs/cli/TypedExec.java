package colabfs.cli;

import colabfs.control.ExecPlanner;
import colabfs.control.TypedLine;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Reads an {@code exec} that was typed elsewhere, in a mount's process: as {@link ExecCommand}
 * does, by the same classes. What that would print, or do by itself, is left to it.
 */
final class TypedExec implements ExecPlanner {
  private static final Logger LOG = System.getLogger(TypedExec.class.getName());

  /** Those that change nothing but the command and the mount that it is for. */
  private static final Set<String> USUAL =
      Set.of(
          "--profile",
          "--no-flush",
          "--detach",
          "--no-supervise",
          "-e",
          "--cwd",
          "--timeout",
          "--no-map");

  private final Map<String, String> environment;

  /**
   * @param environment of the process itself
   */
  TypedExec(Map<String, String> environment) {
    this.environment = environment;
  }

  /** The first command line takes ten times as long as the next one. */
  @Override
  public void prepare() {
    try {
      var unused =
          plan(
              new TypedLine(
                  List.of("exec", "true"), Path.of("/"), environment, false, ownNamespace()));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "not prepared", e);
    }
  }

  @Override
  public @Nullable Plan plan(TypedLine line) {
    StringWriter said = new StringWriter();
    try {
      if (!ownNamespace().equals(line.namespace())) {
        return null; // paths mean something else there
      }
      PrintWriter writer = new PrintWriter(said);
      Surroundings surroundings =
          new Surroundings(
              InputStream.nullInputStream(),
              writer,
              writer,
              new Elsewhere(line.terminal()),
              line.environment());
      ParseResult parsed =
          Main.commandLine(surroundings).parseArgs(line.arguments().toArray(String[]::new));
      ExecCommand.InMount planned = isUsual(parsed) ? planned(parsed, line.directory()) : null;
      writer.flush();
      return planned == null || !said.toString().isEmpty()
          ? null
          : new Plan(planned.mount().mountpoint(), planned.command());
    } catch (Exception e) { // a mistake of any kind is told where it was made
      LOG.log(Level.DEBUG, "not for a mount", e);
      return null;
    }
  }

  private static String ownNamespace() throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")).toString();
  }

  private static boolean isUsual(ParseResult parsed) {
    return parsed.hasSubcommand()
        && areUsual(parsed)
        && areUsual(parsed.subcommand())
        && !parsed.subcommand().hasSubcommand();
  }

  private static boolean areUsual(ParseResult parsed) {
    return parsed.matchedOptions().stream().map(OptionSpec::longestName).allMatch(USUAL::contains);
  }

  private static ExecCommand.@Nullable InMount planned(ParseResult parsed, Path here)
      throws Exception {
    CommandLine command = parsed.subcommand().commandSpec().commandLine();
    return command.getCommand() instanceof ExecCommand exec ? exec.inMount(here) : null;
  }

  /** Whose keyboard is not here. */
  private record Elsewhere(boolean isThere) implements Terminal {
    @Override
    public @Nullable String ask(String prompt) {
      return null;
    }

    @Override
    public char @Nullable [] askSecretly(String prompt) {
      return null;
    }
  }
}
