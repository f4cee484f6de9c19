package colabfs.it.crash;

import java.io.IOException;
import java.util.List;
import java.util.Random;

/** A program at work in a directory of its own in the mount, and what it was told is saved. */
interface Workload {

  /** What came back after a crash. */
  record Checked(int files, List<String> losses) {}

  /** About how many steps {@link #work} takes. */
  int usualSteps();

  /** How many steps were told to be done, ever. */
  int steps();

  /** Goes on from where it is. Ends early, with an exception, when the mount fails it. */
  void work(Random random) throws IOException, InterruptedException;

  /** Looks through the mount whether everything that was told to be done is there. */
  Checked check() throws IOException, InterruptedException;
}
