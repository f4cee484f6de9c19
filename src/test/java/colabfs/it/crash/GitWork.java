package colabfs.it.crash;

import colabfs.it.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** Edits and commits: what git said is committed is there, whole, after a crash. */
final class GitWork implements Workload {
  private static final int COMMITS = 3;
  private static final int FILES_PER_COMMIT = 8;
  private static final String GIT =
      "git -c user.name=n -c user.email=e@example.org -c gc.auto=0 -c maintenance.auto=false ";

  private final Cli cli;
  private final Path directory;
  private final Ledger ledger;

  private boolean initialised;
  private final AtomicInteger commits = new AtomicInteger();
  private boolean committing;

  /** In a directory that is empty. */
  GitWork(Cli cli, Path directory) {
    this.cli = cli;
    this.directory = directory;
    this.ledger = new Ledger(directory);
  }

  @Override
  public int usualSteps() {
    return COMMITS * (FILES_PER_COMMIT + 1);
  }

  @Override
  public int steps() {
    return ledger.steps() + commits.get();
  }

  @Override
  public void work(Random random) throws IOException, InterruptedException {
    if (!initialised) {
      git("init -q -b main");
      initialised = true;
    }
    for (int i = 0; i < COMMITS; i++) {
      for (int n = 0; n < FILES_PER_COMMIT; n++) {
        String text = FileWork.content(random.nextInt(6000), random);
        ledger.take(new Step.Write("f" + random.nextInt(40), text, false));
      }
      git("add -A");
      committing = true;
      git("commit -q --allow-empty -m work");
      commits.incrementAndGet();
      committing = false;
    }
  }

  @Override
  public Checked check() throws IOException, InterruptedException {
    Tree found = Tree.of(directory).only(path -> !path.equals(".git") && !path.startsWith(".git/"));
    List<String> losses = new ArrayList<>(ledger.settle(found));
    removeLocks(); // git's own advice after a crash
    if (!initialised) {
      return new Checked(found.files().size(), losses);
    }
    try {
      git("fsck --strict --full");
      int there = commits.get() + (committing ? 1 : 0);
      int counted =
          commits.get() == 0 ? there : Integer.parseInt(git("rev-list --count HEAD").strip());
      if (counted != commits.get() && counted != there) {
        losses.add("%d commits, found %d".formatted(commits.get(), counted));
      }
      git("add -A");
      git("commit -q --allow-empty -m recovered");
      if (!git("status --porcelain").isEmpty()) {
        losses.add("not all that is there could be committed");
      }
      commits.set(Integer.parseInt(git("rev-list --count HEAD").strip()));
    } catch (IOException e) {
      losses.add(String.valueOf(e.getMessage()));
    }
    committing = false;
    return new Checked(found.files().size(), losses);
  }

  private void removeLocks() throws IOException {
    if (!Files.exists(directory.resolve(".git"))) {
      return;
    }
    List<Path> locks;
    try (var all = Files.walk(directory.resolve(".git"))) {
      locks = all.filter(file -> file.toString().endsWith(".lock")).toList();
    }
    for (Path lock : locks) {
      Files.delete(lock);
    }
  }

  private String git(String arguments) throws IOException, InterruptedException {
    // not started in the mount: a dead one cannot be entered
    Cli.Ended ended = cli.shell(Path.of("/"), "cd '" + directory + "' && " + GIT + arguments);
    if (ended.status() != 0) {
      throw new IOException("git " + arguments + ": " + ended);
    }
    return ended.out();
  }
}
