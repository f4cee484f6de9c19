package colabfs.it.crash;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;

/**
 * One thing that a program does to a directory: on a disk, and in a tree that says what is
 * expected.
 */
sealed interface Step {
  /** Does it with plain system calls; when it returns, every call has returned success. */
  void run(Path directory) throws IOException;

  /** What the directory is like afterwards. */
  void apply(Tree tree);

  /** A step that writes content, and may therefore be cut short in more ways than not done. */
  sealed interface Content extends Step permits Write, Append, Patch {
    String path();

    /** What the file may hold when the step was cut short, where it held something before. */
    boolean mayLeave(String before, String found);
  }

  /** Opens a file, new or emptied, writes its content in pieces, perhaps syncs, closes. */
  record Write(String path, String content, boolean sync) implements Content {
    @Override
    public void run(Path directory) throws IOException {
      try (FileChannel file =
          FileChannel.open(
              directory.resolve(path),
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        put(file, content, sync);
      }
    }

    @Override
    public void apply(Tree tree) {
      replace(tree, path, content);
    }

    @Override
    public boolean mayLeave(String before, String found) {
      return found.equals(before) || content.startsWith(found);
    }
  }

  /** Adds to the end of a file that is there. */
  record Append(String path, String content, boolean sync) implements Content {
    @Override
    public void run(Path directory) throws IOException {
      try (FileChannel file =
          FileChannel.open(directory.resolve(path), StandardOpenOption.APPEND)) {
        put(file, content, sync);
      }
    }

    @Override
    public void apply(Tree tree) {
      replace(tree, path, contentOf(tree, path) + content);
    }

    @Override
    public boolean mayLeave(String before, String found) {
      return found.startsWith(before) && (before + content).startsWith(found);
    }
  }

  /** Writes over a part of a file that is there, within its length. */
  record Patch(String path, int offset, String content, boolean sync) implements Content {
    @Override
    public void run(Path directory) throws IOException {
      try (FileChannel file = FileChannel.open(directory.resolve(path), StandardOpenOption.WRITE)) {
        file.position(offset);
        put(file, content, sync);
      }
    }

    @Override
    public void apply(Tree tree) {
      replace(tree, path, patched(contentOf(tree, path)));
    }

    @Override
    public boolean mayLeave(String before, String found) {
      String after = patched(before);
      for (int i = 0; i < before.length(); i++) {
        if (found.length() != before.length()
            || (found.charAt(i) != before.charAt(i) && found.charAt(i) != after.charAt(i))) {
          return false;
        }
      }
      return true;
    }

    private String patched(String before) {
      return before.substring(0, offset) + content + before.substring(offset + content.length());
    }
  }

  record Mkdir(String path) implements Step {
    @Override
    public void run(Path directory) throws IOException {
      Files.createDirectory(directory.resolve(path));
    }

    @Override
    public void apply(Tree tree) {
      tree.put(path, new Tree.Directory(Tree.ANY_MODE));
    }
  }

  /** Replaces a file that has the new name. */
  record Rename(String from, String to) implements Step {
    @Override
    public void run(Path directory) throws IOException {
      Files.move(directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void apply(Tree tree) {
      tree.rename(from, to);
    }
  }

  /** Removes a file, a link or an empty directory. */
  record Remove(String path) implements Step {
    @Override
    public void run(Path directory) throws IOException {
      Files.delete(directory.resolve(path));
    }

    @Override
    public void apply(Tree tree) {
      tree.remove(path);
    }
  }

  record Symlink(String path, String target) implements Step {
    @Override
    public void run(Path directory) throws IOException {
      Files.createSymbolicLink(directory.resolve(path), Path.of(target));
    }

    @Override
    public void apply(Tree tree) {
      tree.put(path, new Tree.Link(target));
    }
  }

  /** Sets a file's permissions, given as {@code ls} shows them. */
  record Chmod(String path, String mode) implements Step {
    @Override
    public void run(Path directory) throws IOException {
      Files.setPosixFilePermissions(directory.resolve(path), PosixFilePermissions.fromString(mode));
    }

    @Override
    public void apply(Tree tree) {
      if (tree.get(path) instanceof Tree.Regular file) {
        tree.put(path, new Tree.Regular(mode, file.content(), file.seconds()));
      } else {
        tree.put(path, new Tree.Directory(mode));
      }
    }
  }

  /** Sets a file's mtime. */
  record Touch(String path, long seconds) implements Step {
    @Override
    public void run(Path directory) throws IOException {
      FileTime time = FileTime.from(Instant.ofEpochSecond(seconds));
      try {
        Files.setLastModifiedTime(directory.resolve(path), time);
      } catch (IOException e) {
        throw e;
      } catch (Exception e) {
        // Java opens the file for this, and lets an error of its close(2) out as it is
        throw new IOException("times of " + path + ": " + e.getMessage(), e);
      }
    }

    @Override
    public void apply(Tree tree) {
      if (tree.get(path) instanceof Tree.Regular file) {
        tree.put(path, new Tree.Regular(file.mode(), file.content(), seconds));
      }
    }
  }

  private static void put(FileChannel file, String content, boolean sync) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(content.getBytes(StandardCharsets.ISO_8859_1));
    while (bytes.hasRemaining()) {
      ByteBuffer piece = bytes.slice(bytes.position(), Math.min(bytes.remaining(), 4096));
      bytes.position(bytes.position() + file.write(piece));
    }
    if (sync) {
      file.force(true);
    }
  }

  private static String contentOf(Tree tree, String path) {
    return tree.get(path) instanceof Tree.Regular file ? file.content() : "";
  }

  private static void replace(Tree tree, String path, String content) {
    String mode = tree.get(path) instanceof Tree.Regular file ? file.mode() : Tree.ANY_MODE;
    tree.put(path, new Tree.Regular(mode, content, Tree.ANY_TIME));
  }
}
