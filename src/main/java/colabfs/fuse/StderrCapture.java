package colabfs.fuse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Catches what C code prints to file descriptor 2: libfuse and fusermount say why they failed
 * nowhere else.
 *
 * <p>Threading: the descriptor is the whole process's, so one capture at a time; what other threads
 * log in these milliseconds is caught with it.
 */
final class StderrCapture {
  private static final int STDERR = 2;
  private static final int O_WRONLY = 1;

  /** A result and what was printed meanwhile. */
  record Outcome<T>(@Nullable T result, String printed) {}

  private StderrCapture() {}

  static synchronized <T> Outcome<T> of(Callable<@Nullable T> body) throws Exception {
    Libraries.LibC libC = Libraries.libC();
    Path file = Files.createTempFile("colabfs-mount", ".log");
    try {
      int saved = libC.dup(STDERR);
      int target = libC.open(NativeText.allocate(NativeText.bytesOf(file)), O_WRONLY);
      if (saved < 0 || target < 0) {
        throw new IOException("no file descriptor left");
      }
      T result;
      try {
        libC.dup2(target, STDERR);
        result = body.call();
      } finally {
        libC.dup2(saved, STDERR);
        libC.close(saved);
        libC.close(target);
      }
      String printed = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
      return new Outcome<>(result, printed.strip());
    } finally {
      Files.delete(file);
    }
  }
}
