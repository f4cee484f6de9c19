package colabfs.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A notebook's code cell run by Python as a kernel would, on a machine whose home directory is of
 * the test's own. As root it does not see what is mounted later, as another machine would not.
 *
 * <p>Closing it ends the cell, its SSH server and its tunnel.
 */
final class NotebookCell implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 60;

  private final Path home;
  private final Process process;
  private final ConcurrentLinkedQueue<String> said = new ConcurrentLinkedQueue<>();
  private final BlockingQueue<String> pasteLines = new LinkedBlockingQueue<>();

  private NotebookCell(Path home, Process process) {
    this.home = home;
    this.process = process;
    Thread reader = new Thread(this::read, "cell-output");
    reader.setDaemon(true);
    reader.start();
  }

  /** Runs the code cell of a notebook. */
  static NotebookCell run(Path notebook, Path home, Map<String, String> environment)
      throws IOException {
    return run(notebook, home, environment, "");
  }

  /**
   * The same.
   *
   * @param before shell commands that are run first, on that machine alone; root's only
   */
  static NotebookCell run(Path notebook, Path home, Map<String, String> environment, String before)
      throws IOException {
    Files.createDirectories(home);
    Path code = Files.writeString(home.resolveSibling(home.getFileName() + ".py"), code(notebook));
    List<String> command = new ArrayList<>();
    if (System.getProperty("user.name").equals("root")) {
      command.addAll(List.of("unshare", "-m", "--propagation", "private"));
    }
    command.addAll(
        List.of(
            "sh",
            "-c",
            before
                + " exec env --default-signal=INT python3 -c \"exec(open('"
                + code
                + "').read())\""));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.environment().keySet().removeIf(name -> name.startsWith("COLABFS_"));
    builder.environment().remove("SSH_AUTH_SOCK");
    builder.environment().put("HOME", home.toString());
    builder.environment().putAll(environment);
    return new NotebookCell(home, builder.start());
  }

  private static String code(Path notebook) throws IOException {
    JsonNode read = JsonMapper.builder().build().readTree(notebook.toFile());
    StringBuilder code = new StringBuilder();
    for (JsonNode cell : read.path("cells")) {
      if (cell.path("cell_type").asText().equals("code")) {
        cell.path("source").forEach(line -> code.append(line.asText()));
      }
    }
    return code.toString();
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        said.add(line);
        if (line.strip().startsWith("colabfs init ")) {
          pasteLines.add(line.strip());
        }
      }
    } catch (IOException e) {
      said.add("(the output ends: " + e.getMessage() + ")");
    }
  }

  /** The next line that is to be pasted; waits for it. */
  String nextLine() throws InterruptedException {
    String line = pasteLines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (line == null) {
      throw new AssertionError("the cell printed no line: " + output());
    }
    return line;
  }

  /** All that it has printed so far. */
  String output() {
    return String.join("\n", said);
  }

  /** The programs that it runs, the SSH server apart, which is on its own. */
  List<ProcessHandle> children() {
    return process.children().toList();
  }

  /** The number of the SSH server's process. */
  long server() throws IOException {
    return Long.parseLong(Files.readString(home.resolve(".colabfs-sshd/sshd.pid")).strip());
  }

  /** What a click on the stop button does; its exit status. */
  int interrupt() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    return awaitEnd();
  }

  int awaitEnd() throws InterruptedException {
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the cell does not end: " + output());
    }
    return process.exitValue();
  }

  /** What happens when the kernel is killed; the server and the tunnel stay. */
  void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  @Override
  public void close() throws IOException {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    for (String name : List.of("sshd.pid", "tunnel.pid")) {
      Path file = home.resolve(".colabfs-sshd").resolve(name);
      if (Files.exists(file)) {
        long pid = Long.parseLong(Files.readString(file).strip().split(" ", -1)[0]);
        ProcessHandle.of(pid)
            .ifPresent(
                handle -> {
                  all.addAll(handle.descendants().toList());
                  all.add(handle);
                });
      }
    }
    all.forEach(ProcessHandle::destroyForcibly);
  }
}
