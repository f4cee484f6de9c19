package colabfs.demo;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A terminal without a person: prints each command as if typed, runs it with {@code sh}, and prints
 * what it says.
 *
 * <p>Commands run outside the terminal's process group, with nothing on their input: Ctrl-C ends
 * the demonstration between two commands, never half of one.
 *
 * <p>Threading: one command at a time.
 */
final class TypedCommands {
  private static final Path SETSID = Path.of("/usr/bin/setsid");
  private static final Duration LONGEST = Duration.ofSeconds(90);

  /** For what a command leaves behind with its output still open: the rest is not waited for. */
  private static final Duration OUTPUT_PATIENCE = Duration.ofSeconds(2);

  private final PrintWriter out;
  private final Map<String, String> variables;

  private Path directory;

  /**
   * A terminal.
   *
   * @param variables added to this process's own environment; an empty value takes one away
   */
  TypedCommands(PrintWriter out, Map<String, String> variables, Path directory) {
    this.out = out;
    this.variables = Map.copyOf(variables);
    this.directory = directory;
  }

  /** Goes to a directory. Nothing in this process touches it: it may be a mount that we serve. */
  void cd(Path to) {
    out.println("$ cd " + quoted(to));
    directory = to;
  }

  /** Says something between the commands. */
  void say(String text) {
    out.println(text);
    out.flush();
  }

  /**
   * Types one command line, waits for its end, and tells whether it went well.
   *
   * @param expected what its output must contain
   */
  boolean type(String line, String expected) throws IOException, InterruptedException {
    out.println("$ " + line);
    out.flush();
    StringBuilder output = new StringBuilder();
    Process process = start(line);
    Thread reader = new Thread(() -> show(process, output), "demo-output");
    reader.setDaemon(true);
    reader.start();
    boolean ended = process.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    reader.join(OUTPUT_PATIENCE.toMillis());
    String text;
    synchronized (output) {
      text = output.toString();
    }
    if (!ended) {
      say("(no end after " + LONGEST.toSeconds() + " s)");
    } else if (process.exitValue() != 0) {
      say("(ended with status " + process.exitValue() + ")");
    } else if (!text.contains(expected)) {
      say("(the output should have contained: " + expected + ")");
    } else {
      return true;
    }
    return false;
  }

  /** Writes a path as one word of a command line. */
  static String quoted(Path path) {
    String text = path.toString();
    return text.matches("[A-Za-z0-9_./@%+=:,-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  private Process start(String line) throws IOException {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(SETSID)) {
      command.add(SETSID.toString());
    }
    command.addAll(List.of("/bin/sh", "-c", line));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    variables.forEach(
        (name, value) -> {
          if (value.isEmpty()) {
            builder.environment().remove(name);
          } else {
            builder.environment().put(name, value);
          }
        });
    return builder.start();
  }

  private void show(Process process, StringBuilder output) {
    char[] buffer = new char[4096];
    try (Reader from = process.inputReader(StandardCharsets.UTF_8)) {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        out.write(buffer, 0, n);
        out.flush();
        synchronized (output) {
          output.append(buffer, 0, n);
        }
      }
    } catch (IOException e) {
      say("(the output breaks off: " + e.getMessage() + ")");
    }
  }
}
