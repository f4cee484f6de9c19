package colabfs.ssh;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A byte stream through a subprocess: what is written goes to its standard input, what it prints is
 * what the server said, and what it prints as errors goes to the log. When it is closed, the
 * program is killed.
 *
 * <p>Threading: as {@link ByteStream}; a thread of its own reads the errors.
 */
final class ProcessStream implements ByteStream {
  private static final System.Logger LOG = System.getLogger(ProcessStream.class.getName());

  /** How many of the last lines of errors a failure's message holds. */
  private static final int ERROR_LINES = 5;

  private static final int MAX_ERROR_LINE = 500;
  private static final long KILL_AFTER_MILLIS = 1_000;

  /** For errors that are printed but not read yet; a grandchild may hold the pipe for ever. */
  private static final long LAST_WORDS_MILLIS = 300;

  private final String name;
  private final Process process;
  private final Thread errorReader;

  /** The last lines; guards itself. */
  private final Deque<String> errorLines = new ArrayDeque<>();

  private ProcessStream(String name, Process process) {
    this.name = name;
    this.process = process;
    this.errorReader = new Thread(this::readErrors, "colabfs-proxy-errors-" + process.pid());
    errorReader.setDaemon(true);
  }

  /** Starts a program, given with its arguments; IOException when it cannot be run. */
  static ProcessStream start(List<String> program) throws IOException {
    ProcessStream stream = new ProcessStream(program.get(0), new ProcessBuilder(program).start());
    stream.errorReader.start();
    return stream;
  }

  @Override
  public int read(byte[] into) throws IOException {
    InputStream stdout = process.getInputStream();
    return stdout.read(into);
  }

  @Override
  public void write(byte[] from, int offset, int length) throws IOException {
    OutputStream stdin = process.getOutputStream();
    stdin.write(from, offset, length);
    stdin.flush();
  }

  @Override
  public void shutdownOutput() throws IOException {
    process.getOutputStream().close();
  }

  private void readErrors() {
    try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String text = line.length() > MAX_ERROR_LINE ? line.substring(0, MAX_ERROR_LINE) : line;
        LOG.log(System.Logger.Level.INFO, "proxy command: {0}", text);
        synchronized (errorLines) {
          if (errorLines.size() == ERROR_LINES) {
            errorLines.removeFirst();
          }
          errorLines.addLast(text);
        }
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "the proxy command''s errors end: {0}", e.getMessage());
    }
  }

  @Override
  public String ending() throws InterruptedException {
    boolean ended = process.waitFor(KILL_AFTER_MILLIS, TimeUnit.MILLISECONDS);
    errorReader.join(LAST_WORDS_MILLIS);
    StringBuilder text = new StringBuilder("the proxy command '");
    text.append(name).append('\'');
    text.append(
        ended ? " ended with status " + process.exitValue() : " closed its standard output");
    synchronized (errorLines) {
      if (!errorLines.isEmpty()) {
        text.append("; it said: ").append(String.join(" | ", errorLines));
      }
    }
    return text.toString();
  }

  @Override
  public void close() {
    List<ProcessHandle> family = process.descendants().toList();
    family.forEach(ProcessHandle::destroy);
    process.destroy();
    process
        .onExit()
        .orTimeout(KILL_AFTER_MILLIS, TimeUnit.MILLISECONDS)
        .exceptionally(
            late -> {
              family.forEach(ProcessHandle::destroyForcibly);
              return process.destroyForcibly();
            });
  }

  @Override
  public String toString() {
    return "through " + name;
  }
}
