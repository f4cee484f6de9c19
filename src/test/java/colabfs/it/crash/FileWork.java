package colabfs.it.crash;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Programs that work with plain files; each step that returned is in the ledger. */
final class FileWork implements Workload {
  private static final int UNPACKED_FILES = 100;
  private static final int REMOVED_FILES = 60;
  private static final int SAVES = 40;
  private static final int MOVES = 80;

  /** A time that nothing gets by itself: 2001. */
  private static final int OLD_SECONDS = 1_000_000_000;

  private final Kind kind;
  private final Path directory;
  private final Ledger ledger;

  /** What the program is. */
  enum Kind {
    /** As {@code tar x}: many small files, some with modes, all with times, and links. */
    UNTAR(UNPACKED_FILES * 3),
    /** Saves as editors do them: by way of another name, with a backup, in place, at the end. */
    EDITOR(SAVES * 3),
    /** Files and directories that move around, are written again, and get each other's names. */
    RENAMES(MOVES),
    /** As {@code rm -rf}, of a tree that it first makes. */
    REMOVE(REMOVED_FILES * 2 + 20);

    private final int usualSteps;

    Kind(int usualSteps) {
      this.usualSteps = usualSteps;
    }
  }

  /** In a directory that is empty. */
  FileWork(Kind kind, Path directory) {
    this.kind = kind;
    this.directory = directory;
    this.ledger = new Ledger(directory);
  }

  Ledger ledger() {
    return ledger;
  }

  @Override
  public int usualSteps() {
    return kind.usualSteps;
  }

  @Override
  public int steps() {
    return ledger.steps();
  }

  @Override
  public void work(Random random) throws IOException {
    switch (kind) {
      case UNTAR -> unpack("tar-" + steps(), UNPACKED_FILES, random);
      case EDITOR -> edit(random);
      case RENAMES -> move(random);
      case REMOVE -> {
        if (ledger.expected().isEmpty()) {
          unpack("gone", REMOVED_FILES, random);
        }
        removeAll(random);
      }
    }
  }

  @Override
  public Checked check() throws IOException {
    Tree found = Tree.of(directory);
    return new Checked(found.files().size(), ledger.settle(found));
  }

  private void unpack(String name, int files, Random random) throws IOException {
    ledger.take(new Step.Mkdir(name));
    String parent = name;
    for (int i = 0; i < files; i++) {
      if (i % 25 == 0) {
        parent = (i % 75 == 0 ? name : parent) + "/d" + i;
        ledger.take(new Step.Mkdir(parent));
      }
      String file = parent + "/file-" + i;
      if (i % 40 == 39) {
        ledger.take(new Step.Symlink(file, "file-" + (i - 1)));
        continue;
      }
      int bytes = i % 50 == 7 ? 150_000 : random.nextInt(8000);
      ledger.take(new Step.Write(file, content(bytes, random), false));
      if (i % 10 == 0) {
        ledger.take(new Step.Chmod(file, "rwxr-xr-x"));
      }
      ledger.take(new Step.Touch(file, OLD_SECONDS + random.nextInt(100_000_000)));
    }
  }

  private void removeAll(Random random) throws IOException {
    while (!ledger.expected().isEmpty()) {
      List<String> paths = new ArrayList<>(ledger.expected().paths());
      List<String> leaves = new ArrayList<>();
      for (int i = 0; i < paths.size(); i++) {
        if (i + 1 == paths.size() || !paths.get(i + 1).startsWith(paths.get(i) + "/")) {
          leaves.add(paths.get(i));
        }
      }
      Collections.shuffle(leaves, random);
      for (String leaf : leaves) {
        ledger.take(new Step.Remove(leaf));
      }
    }
  }

  private void edit(Random random) throws IOException {
    for (int i = 0; i < SAVES; i++) {
      String file = "source-" + random.nextInt(12);
      String text = content(random.nextInt(20_000), random);
      boolean sync = random.nextBoolean();
      if (!(ledger.expected().get(file) instanceof Tree.Regular before)) {
        ledger.take(new Step.Write(file, text, sync));
        continue;
      }
      switch (random.nextInt(5)) {
        case 0 -> {
          ledger.take(new Step.Write("." + file + ".tmp", text, true));
          ledger.take(new Step.Chmod("." + file + ".tmp", "rw-r-----"));
          ledger.take(new Step.Rename("." + file + ".tmp", file));
        }
        case 1 -> {
          ledger.take(new Step.Rename(file, file + "~"));
          ledger.take(new Step.Write(file, text, sync));
          ledger.take(new Step.Remove(file + "~"));
        }
        case 2 -> ledger.take(new Step.Append(file, text, sync));
        case 3 -> {
          int offset = random.nextInt(before.content().length() + 1);
          int bytes = Math.min(text.length(), before.content().length() - offset);
          ledger.take(new Step.Patch(file, offset, text.substring(0, bytes), sync));
        }
        default -> ledger.take(new Step.Write(file, text, sync));
      }
    }
  }

  /** Between four directories with up to six names each. */
  private void move(Random random) throws IOException {
    for (int i = 0; i < MOVES; i++) {
      Tree tree = ledger.expected();
      String directoryName = "dir-" + random.nextInt(4);
      String other = "dir-" + random.nextInt(4);
      String file = directoryName + "/name-" + random.nextInt(6);
      String target = other + "/name-" + random.nextInt(6);
      if (tree.get(directoryName) == null) {
        ledger.take(new Step.Mkdir(directoryName));
      } else if (tree.get(other) == null) {
        ledger.take(new Step.Rename(directoryName, other));
      } else if (tree.get(file) == null || random.nextInt(4) == 0) {
        ledger.take(new Step.Write(file, content(random.nextInt(3000), random), false));
      } else if (file.equals(target)) {
        ledger.take(new Step.Append(file, content(100, random), false));
      } else {
        ledger.take(new Step.Rename(file, target));
      }
    }
  }

  /** Random bytes, one a character. */
  static String content(int bytes, Random random) {
    StringBuilder text = new StringBuilder(bytes);
    random.ints(bytes, 0, 256).forEach(value -> text.append((char) value));
    return text.toString();
  }
}
