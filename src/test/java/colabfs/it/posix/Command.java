package colabfs.it.posix;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A command run to its end in a directory, its two outputs as one. */
public final class Command {
  private static final long PATIENCE_SECONDS = 60;

  private final int status;
  private final byte[] output;

  private Command(int status, byte[] output) {
    this.status = status;
    this.output = output;
  }

  public static Command run(Path directory, Map<String, String> environment, String... words)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(List.of(words)).directory(directory.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    try (InputStream output = process.getInputStream()) {
      byte[] all = output.readAllBytes();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException("does not end: " + List.of(words));
      }
      return new Command(process.exitValue(), all);
    }
  }

  /** A shell script, under the locale C: names in it are bytes, written with printf's escapes. */
  public static Command sh(Path directory, String script) throws IOException, InterruptedException {
    return run(directory, Map.of("LC_ALL", "C", "LANG", "C"), "sh", "-c", script);
  }

  public int status() {
    return status;
  }

  public byte[] output() {
    return output;
  }

  public String text() {
    return new String(output, StandardCharsets.UTF_8);
  }
}
