package colabfs.machine;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the runtime's machine had at a moment. What it does not tell is null.
 *
 * @param at when that was
 * @param gpus empty when there is none, or no driver for it
 * @param memory of the machine
 * @param disk where the mounted directory is
 */
public record MachineFigures(
    Instant at, List<Gpu> gpus, @Nullable Space memory, @Nullable Space disk) {
  public MachineFigures {
    gpus = List.copyOf(gpus);
  }

  /**
   * One GPU, as nvidia-smi tells of it.
   *
   * @param utilization in percent, of time
   * @param temperature in degrees Celsius
   * @param powerWatts drawn now
   * @param powerLimitWatts the most it may draw
   */
  public record Gpu(
      String name,
      @Nullable Integer utilization,
      @Nullable Space memory,
      @Nullable Integer temperature,
      @Nullable Double powerWatts,
      @Nullable Double powerLimitWatts) {}

  /** Bytes that are used, of those that there are. */
  public record Space(long usedBytes, long totalBytes) {}
}
