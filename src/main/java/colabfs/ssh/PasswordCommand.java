package colabfs.ssh;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks a program for a password: the first line that it prints. It is run without a shell, with
 * nothing on its input.
 *
 * <p>Threading: any thread. Errors: {@link Failed}, whose message is for the user and holds nothing
 * that the program printed as its result.
 */
final class PasswordCommand {

  /** A password manager may ask its user for a PIN first. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Longer is no password, but a program that prints without end. */
  private static final int MAX_CHARACTERS = 4096;

  private static final int MAX_COMPLAINT_CHARACTERS = 200;

  /** No password came of it. */
  static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;

    Failed(String message) {
      super(message);
    }

    Failed(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private PasswordCommand() {}

  /** Runs it, and waits for its first line or its end. */
  static String run(String command) throws Failed, InterruptedException {
    return run(command, LIMIT);
  }

  static String run(String command, Duration limit) throws Failed, InterruptedException {
    Process process = start(command);
    try {
      CompletableFuture<String> line = reading(process.getInputStream(), false);
      CompletableFuture<String> complaint = reading(process.getErrorStream(), true);
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new Failed(
            "the password command did not end within %d s".formatted(limit.toSeconds()));
      }
      if (process.exitValue() != 0) {
        throw new Failed(
            "the password command ended with status %d%s"
                .formatted(process.exitValue(), said(answer(complaint))));
      }
      String password = answer(line);
      if (password.isEmpty()) {
        throw new Failed("the password command printed no password in its first line");
      }
      return password;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static Process start(String command) throws Failed {
    try {
      List<String> words = ProxyCommand.words(command);
      return new ProcessBuilder(words)
          .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
          .start();
    } catch (IllegalArgumentException e) {
      throw new Failed("the password command cannot be read: a quote in it is not closed", e);
    } catch (IOException e) {
      throw new Failed(
          "the password command cannot be started; its first word must be a program", e);
    }
  }

  /** What outlives the program and holds its output open is not waited for. */
  private static String answer(CompletableFuture<String> text) throws InterruptedException {
    try {
      return text.get(1, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException | java.util.concurrent.ExecutionException e) {
      return "";
    }
  }

  private static String said(String complaint) {
    String plain = complaint.replaceAll("\\p{Cntrl}", " ").strip();
    return plain.isEmpty() ? "" : " and said: " + plain;
  }

  /** The first line, or with {@code last} the last one; the rest is read and dropped. */
  private static CompletableFuture<String> reading(InputStream from, boolean last) {
    CompletableFuture<String> line = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader in =
                  new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                String found = bounded(in);
                if (!last) {
                  line.complete(found == null ? "" : found);
                }
                String kept = found;
                while (found != null) {
                  kept = found.isBlank() ? kept : found;
                  found = bounded(in);
                }
                String text = kept == null ? "" : kept;
                line.complete(text.substring(0, Math.min(text.length(), MAX_COMPLAINT_CHARACTERS)));
              } catch (IOException e) {
                line.complete("");
              }
            },
            "colabfs-password");
    reader.setDaemon(true);
    reader.start();
    return line;
  }

  /** A line, of which no more than the limit is kept. */
  private static @Nullable String bounded(BufferedReader in) throws IOException {
    StringBuilder line = new StringBuilder();
    int c = in.read();
    if (c < 0) {
      return null;
    }
    for (; c >= 0 && c != '\n'; c = in.read()) {
      if (line.length() < MAX_CHARACTERS) {
        line.append((char) c);
      }
    }
    int length = line.length();
    return length > 0 && line.charAt(length - 1) == '\r'
        ? line.substring(0, length - 1)
        : line.toString();
  }
}
