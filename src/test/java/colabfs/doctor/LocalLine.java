package colabfs.doctor;

import colabfs.control.MountStatus;
import colabfs.machine.MachineFigures;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs the scripts on this machine, with programs of the test's own. */
final class LocalLine implements Line, Way {
  private final Path bin;

  /** What the machine is said to have. */
  MachineFigures figures = new MachineFigures(Instant.EPOCH, List.of(), null, null);

  @Nullable MountStatus mount;

  LocalLine(Path bin) {
    this.bin = bin;
  }

  @Override
  public Talk start(String script, Duration patience) throws IOException {
    assertPlain(script);
    ProcessBuilder builder =
        new ProcessBuilder("/bin/sh", "-c", script).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("PATH", bin.toString());
    Process process = builder.start();
    return new Talk() {
      @Override
      public OutputStream in() {
        return process.getOutputStream();
      }

      @Override
      public InputStream out() {
        return process.getInputStream();
      }

      @Override
      public void close() {
        process.destroyForcibly();
      }
    };
  }

  /** It stands in single quotes on its way. */
  private static void assertPlain(String script) {
    if (script.contains("'") || script.contains("\n")) {
      throw new AssertionError("not a script for any shell: " + script);
    }
  }

  @Override
  public MachineFigures machine() {
    return figures;
  }

  @Override
  public Line line() {
    return this;
  }

  @Override
  public @Nullable MountStatus mounted() {
    return mount;
  }
}
