package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.fs.WarmReport;
import colabfs.writeback.PendingFigures;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WarmCommandTest {
  @TempDir Path directory;

  @Test
  void optionsThatMakeNoSense_areWrongUsage() {
    CliRun cli = new CliRun(directory).with("XDG_RUNTIME_DIR", directory.toString());
    assertThat(cli.run("warm", "--max-size=lots")).isEqualTo(2);
    assertThat(cli.err).contains("such as 100K");
    assertThat(cli.run("warm", "--max-size=2M")).isEqualTo(2);
    assertThat(cli.err).contains("--max-size can be 1.0 MiB at most");
    assertThat(cli.run("warm", "--max-size=1M")).isEqualTo(1);
    assertThat(cli.err).contains("nothing is mounted");
    assertThat(cli.run("help")).isZero();
    assertThat(cli.out).contains("warm");
  }

  @Test
  void report_isOneLine() {
    assertThat(WarmCommand.text(new WarmReport(1, 5, 0, 0, 0, 0, 0), 1 << 20))
        .isEqualTo("warmed 1 file, 5 bytes");
    assertThat(WarmCommand.text(new WarmReport(214, 1_992_294, 31, 3, 2, 0, 0), 1 << 20))
        .isEqualTo(
            "warmed 214 files, 1.9 MiB; 31 here already; 3 left out, larger than 1.0 MiB; 2 left out, changing or not readable");
  }

  @Test
  void progress_hasFilesBytesRateAndTimeLeft() {
    StringWriter err = new StringWriter();
    AtomicLong nanos = new AtomicLong();
    Surroundings surroundings =
        new Surroundings(
            InputStream.nullInputStream(),
            new PrintWriter(new StringWriter()),
            new PrintWriter(err),
            new NoTerminal(),
            Map.of());
    ProgressLine line = new ProgressLine(surroundings, ProgressLine.Words.FETCHING, nanos::get);
    line.accept(new PendingFigures(10, 10 << 20, 0, 0));
    nanos.set(Duration.ofSeconds(5).toNanos());
    line.accept(new PendingFigures(5, 5 << 20, 0, 0));
    assertThat(err.toString())
        .isEqualTo("colabfs: 5 files, 5.0 MiB to be fetched, 1.0 MiB/s, about 5 s left\n");
  }

  /** Nobody sits there. */
  private static final class NoTerminal implements Terminal {
    @Override
    public boolean isThere() {
      return false;
    }

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
