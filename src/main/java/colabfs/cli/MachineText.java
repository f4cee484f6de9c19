package colabfs.cli;

import colabfs.machine.MachineFigures;
import colabfs.machine.MachineFigures.Gpu;
import colabfs.machine.MachineFigures.Space;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How a machine's figures look on the terminal. */
final class MachineText {
  private MachineText() {}

  /** One line for each thing. */
  static void print(PrintWriter out, MachineFigures figures) {
    if (figures.gpus().isEmpty()) {
      Shown.line(out, "gpu", "none");
    }
    figures.gpus().forEach(gpu -> Shown.line(out, "gpu", gpu(gpu)));
    Shown.line(out, "memory", of(figures.memory()));
    Shown.line(out, "disk", of(figures.disk()));
  }

  /**
   * As part of a mount's status.
   *
   * @param ago how long ago they were seen
   */
  static void printSeen(PrintWriter out, MachineFigures figures, String ago) {
    figures.gpus().forEach(gpu -> Shown.line(out, "  gpu", gpu(gpu)));
    Shown.line(
        out,
        "  machine",
        "memory %s, disk %s, seen %s ago".formatted(of(figures.memory()), of(figures.disk()), ago));
  }

  private static String gpu(Gpu gpu) {
    StringBuilder text = new StringBuilder(gpu.name());
    if (gpu.utilization() != null) {
      text.append(", ").append(gpu.utilization()).append(" % busy");
    }
    Space memory = gpu.memory();
    if (memory != null) {
      text.append(", ").append(of(memory));
    }
    if (gpu.temperature() != null) {
      text.append(", ").append(gpu.temperature()).append(" °C");
    }
    Double power = gpu.powerWatts();
    if (power != null) {
      text.append(String.format(Locale.ROOT, ", %.0f", power));
      Double limit = gpu.powerLimitWatts();
      text.append(limit == null ? " W" : String.format(Locale.ROOT, " of %.0f W", limit));
    }
    return text.toString();
  }

  private static String of(@Nullable Space space) {
    return space == null
        ? "unknown"
        : "%s of %s used".formatted(Sizes.of(space.usedBytes()), Sizes.of(space.totalBytes()));
  }
}
