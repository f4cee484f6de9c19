package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.control.ProcessIdentity;
import colabfs.control.RunningMount;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreReport.Item;
import colabfs.restore.RestoreReport.Outcome;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RestoreCommandTest {
  @TempDir Path directory;

  @Test
  void optionsThatMakeNoSense_areWrongUsage() {
    CliRun cli = new CliRun(directory);
    assertThat(cli.run("restore", "--fresh", "--dry-run")).isEqualTo(2);
    assertThat(cli.err).contains("--fresh sends nothing of the tree");
    assertThat(cli.run("restore", "--max-size=lots")).isEqualTo(2);
    assertThat(cli.err).contains("such as 10M");
    assertThat(cli.run("restore")).isEqualTo(1);
    assertThat(cli.err).contains("nothing is mounted");
    assertThat(cli.run("mount", "--read-only", "--on-new-runtime=restore", "p", "/mnt"))
        .isEqualTo(2);
    assertThat(cli.err).contains("--on-new-runtime=restore would write");
    assertThat(cli.run("mount", "--on-new-runtime=never", "p", "/mnt")).isEqualTo(2);
  }

  @Test
  void report_namesWhatIsNotSent_andOfAPlanWhatWouldBe() {
    RestoreReport report =
        new RestoreReport(
            List.of(
                item(Outcome.SENT, FileType.DIRECTORY, "/d", 0, null),
                item(Outcome.SENT, FileType.REGULAR, "/d/f", 2048, null),
                item(Outcome.THERE, FileType.REGULAR, "/same", 1, null),
                item(Outcome.NOT_KNOWN, FileType.REGULAR, "/odd\033", 7, "its content is not here"),
                item(Outcome.TOO_LARGE, FileType.REGULAR, "/data", 1 << 30, null)),
            true);
    assertThat(printed(report, true))
        .isEqualTo(
            """
            would send /mnt/d
            would send /mnt/d/f, 2.0 KiB
            not here   /mnt/odd?, 7 bytes: its content is not here
            too large  /mnt/data, 1.0 GiB
            would send 1 file, 1 directory, 0 links; 2.0 KiB
            1 there already
            2 not sent, see above
            """);
    assertThat(printed(report, false))
        .startsWith("not here   /mnt/odd?")
        .contains("sent 1 file, 1 directory, 0 links; 2.0 KiB");
  }

  private static Item item(
      Outcome outcome,
      FileType type,
      String path,
      long bytes,
      @org.jspecify.annotations.Nullable String note) {
    return new Item(outcome, type, RemotePath.of(path), bytes, note);
  }

  private static String printed(RestoreReport report, boolean dryRun) {
    StringWriter out = new StringWriter();
    PrintWriter printer = new PrintWriter(out);
    RunningMount mount =
        new RunningMount(
            "p",
            Path.of("/mnt"),
            "/content",
            false,
            null,
            new ProcessIdentity(1, 2),
            Instant.EPOCH);
    new RestoreText(printer, mount).print(report, dryRun);
    printer.flush();
    return out.toString();
  }
}
