package colabfs.agent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps the last that the helper printed as errors: a program that fails says why there. Reads all
 * of it, so that nobody waits to print.
 *
 * <p>Threading: one thread reads, any asks.
 */
final class LastWords {
  private static final int LINES = 3;
  private static final int CHARS = 2048;

  /** Guards what follows; nothing is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Deque<String> lines = new ArrayDeque<>();

  /** Reads to the end. */
  void read(InputStream errors) {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(errors, StandardCharsets.UTF_8))) {
      StringBuilder line = new StringBuilder();
      for (int c = in.read(); c >= 0; c = in.read()) {
        if (c == '\n') {
          keep(line.toString());
          line.setLength(0);
        } else if (line.length() < CHARS) {
          line.append((char) c);
        }
      }
      keep(line.toString());
    } catch (IOException e) {
      keep(""); // the connection went, which is told elsewhere
    }
  }

  private void keep(String line) {
    String text = Fields.printable(line.strip());
    if (text.isEmpty()) {
      return;
    }
    lock.lock();
    try {
      if (lines.size() == LINES) {
        lines.removeFirst();
      }
      lines.addLast(text);
    } finally {
      lock.unlock();
    }
  }

  /** What was read so far; empty when there is nothing. */
  String text() {
    lock.lock();
    try {
      return String.join(" | ", lines);
    } finally {
      lock.unlock();
    }
  }
}
