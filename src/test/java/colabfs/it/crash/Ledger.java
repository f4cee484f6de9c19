package colabfs.it.crash;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What a program was told is done: takes the steps of one program in a directory of the mount, and
 * writes each down, outside the mount, after its last call has returned success.
 *
 * <p>Threading: one thread takes steps; any may ask how many.
 */
final class Ledger {
  private final Path directory;

  private Tree expected = new Tree();
  private @Nullable Step unsure;
  private final AtomicInteger steps = new AtomicInteger();
  private volatile Duration slowest = Duration.ZERO;
  private volatile String slowestStep = "";

  /** For a directory that is empty, and that nobody else changes. */
  Ledger(Path directory) {
    this.directory = directory;
  }

  /** Takes a step. When it fails, nobody was told that it is done: it may be done, or not. */
  void take(Step step) throws IOException {
    unsure = step;
    long began = System.nanoTime();
    try {
      step.run(directory);
    } catch (IOException e) {
      throw new IOException("after %d steps: %s: %s".formatted(steps(), shown(step), e), e);
    } finally {
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      if (took.compareTo(slowest) > 0) {
        slowest = took;
        slowestStep = shown(step);
      }
    }
    step.apply(expected);
    unsure = null;
    steps.incrementAndGet();
  }

  /** What the directory holds by what was told. */
  Tree expected() {
    return expected.copy();
  }

  /** The steps that were told to be done. */
  int steps() {
    return steps.get();
  }

  /** The longest that a step took, whether it worked or not; a step is a few calls. */
  Duration slowest() {
    return slowest;
  }

  /** Which step that was. */
  String slowestStep() {
    return slowestStep;
  }

  /**
   * What is lost in what was found after a crash, a line each. The step that had not ended may have
   * been done, or not, or in part where it writes content. Where nothing is lost, what was found is
   * what is expected from now on.
   */
  List<String> settle(Tree found) {
    List<String> losses = expected.differences(found);
    Step step = unsure;
    if (step == null || losses.isEmpty()) {
      unsure = null;
      return losses;
    }
    Tree after = expected.copy();
    step.apply(after);
    Tree outcome = after.differences(found).isEmpty() ? after : cutShort(step, found);
    if (outcome == null) {
      losses.add("(in doubt was " + shown(step) + ")");
      return losses;
    }
    expected = outcome;
    unsure = null;
    return List.of();
  }

  private static String shown(Step step) {
    String text = step.toString();
    return text.substring(0, Math.min(text.length(), 200)).replaceAll("[^ -~]", ".");
  }

  private @Nullable Tree cutShort(Step step, Tree found) {
    if (!(step instanceof Step.Content content)
        || !(found.get(content.path()) instanceof Tree.Regular left)) {
      return null;
    }
    Tree.Node before = expected.get(content.path());
    String held = before instanceof Tree.Regular file ? file.content() : "";
    Tree partly = expected.copy();
    partly.put(content.path(), new Tree.Regular(left.mode(), left.content(), Tree.ANY_TIME));
    return content.mayLeave(held, left.content()) && partly.differences(found).isEmpty()
        ? partly
        : null;
  }
}
