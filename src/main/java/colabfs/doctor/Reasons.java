package colabfs.doctor;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.Locale;

/** Words for errors and amounts. No state. */
final class Reasons {
  private Reasons() {}

  static String of(IOException failure) {
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    String reason =
        failure instanceof FileSystemException system ? system.getReason() : failure.getMessage();
    return reason == null ? failure.toString() : reason;
  }

  /** A size for people. */
  static String bytes(long bytes) {
    if (bytes < 1 << 20) {
      return "%d KiB".formatted((bytes + 1023) >> 10);
    }
    return bytes < 1 << 30
        ? "%d MiB".formatted(bytes >> 20)
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
  }
}
