package colabfs.machine;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.machine.MachineFigures.Gpu;
import colabfs.machine.MachineFigures.Space;
import colabfs.remote.RemoteShell;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reading what a runtime tells of itself, which may be anything. */
final class MachineTest {
  private static final Instant THEN = Instant.parse("2026-01-02T03:04:05Z");
  private static final RemoteShell NO_SHELL =
      line -> {
        throw new AssertionError("not asked in this test");
      };
  private final Machine machine =
      new Machine(() -> NO_SHELL, () -> "/content", InstantSource.fixed(THEN));

  @Test
  void figures_areRead_whateverStartFilesPrint() {
    MachineFigures figures =
        machine.parse(
            """
            Welcome!
            colabfs-machine:gpu
            Tesla T4, 37, 1024, 15360, 61, 27.45, 70.00
            Odd, Name, 5, 1, 2, 3, 4, 5
            colabfs-machine:memory
            MemTotal:       1000 kB
            MemFree:        10 kB
            MemAvailable:   400 kB
            colabfs-machine:disk
            Filesystem 1024-blocks Used Available Capacity Mounted on
            overlay 1000 200 700 23% /
            colabfs-machine:end
            """);
    assertThat(figures)
        .isEqualTo(
            new MachineFigures(
                THEN,
                java.util.List.of(
                    new Gpu("Tesla T4", 37, new Space(1024L << 20, 15360L << 20), 61, 27.45, 70.0),
                    new Gpu("Odd, Name", 5, new Space(1L << 20, 2L << 20), 3, 4.0, 5.0)),
                new Space(600L << 10, 1000L << 10),
                new Space(200L << 10, 900L << 10)));
  }

  @Test
  void whatACardDoesNotTell_isUnknown() {
    assertThat(
            machine
                .parse("colabfs-machine:gpu\nA100, [N/A], 1, 2, [N/A], [Not Supported], x\n")
                .gpus())
        .containsExactly(new Gpu("A100", null, new Space(1L << 20, 2L << 20), null, null, null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "colabfs-machine:gpu\nNo devices were found\ncolabfs-machine:memory\n",
        "colabfs-machine:gpu\ncolabfs-machine:memory\nMemTotal: x kB\nMemAvailable: 1 kB\n",
        "colabfs-machine:memory\nMemTotal: 1 kB\nMemAvailable: 99999999999999999999 kB\n",
        "colabfs-machine:disk\nFilesystem\noverlay a b c\n"
      })
  void nonsense_isNothing(String text) {
    assertThat(machine.parse(text))
        .isEqualTo(new MachineFigures(THEN, java.util.List.of(), null, null));
  }
}
