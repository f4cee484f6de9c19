package colabfs.it.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file system of a few megabytes in memory, mounted on a directory. Needs root, as the tests'
 * server does for a mount namespace of its own; the server sees it when it is there before the
 * server is started.
 */
final class SmallDisk implements AutoCloseable {
  private final Path directory;

  SmallDisk(Path directory, int megabytes) throws IOException, InterruptedException {
    this.directory = Files.createDirectories(directory);
    run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "tmpfs", directory.toString());
  }

  /** Gives it another size; for everybody who sees it. */
  void resize(int megabytes) throws IOException, InterruptedException {
    run("mount", "-o", "remount,size=" + megabytes + "m", directory.toString());
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(
          "%s: %sThe tests with full disks need root.".formatted(String.join(" ", command), said));
    }
  }

  @Override
  public void close() throws IOException {
    try {
      run("umount", "-l", directory.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
