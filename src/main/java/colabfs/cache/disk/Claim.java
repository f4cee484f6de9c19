package colabfs.cache.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One process at a time has a cache's directory; the lock goes with the process. Knows, too,
 * whether what is there was left by a process that ended while this machine was running: what was
 * not written back before a power cut may be there in parts. Threading: any thread.
 */
final class Claim implements AutoCloseable {
  private static final String LOCK_NAME = "lock";

  /** There while a process writes; holds the boot that it runs in. */
  private static final String OPEN_NAME = "open";

  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final FileAttribute<Set<PosixFilePermission>> OWN_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  /** POSIX drops a process's lock of a file when it closes that file by any descriptor. */
  private static final Set<Path> TAKEN = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final FileChannel channel;

  private Claim(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /** Takes the directory, which exists; null when another process has it. */
  static @Nullable Claim take(Path directory) throws IOException {
    Path real = directory.toRealPath();
    if (!TAKEN.add(real)) {
      return null;
    }
    Claim claim = null;
    try {
      FileChannel channel =
          FileChannel.open(
              real.resolve(LOCK_NAME),
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
              OWN_FILE);
      if (channel.tryLock() == null) {
        channel.close();
      } else {
        claim = new Claim(real, channel);
      }
      return claim;
    } finally {
      if (claim == null) {
        TAKEN.remove(real);
      }
    }
  }

  /** Whether a process that did not end in order was writing here before this machine started. */
  boolean isTorn() throws IOException {
    Path mark = directory.resolve(OPEN_NAME);
    return Files.exists(mark) && !(Files.readString(mark).equals(bootId()) && !bootId().isEmpty());
  }

  /** From here on something is being written. */
  void begin() throws IOException {
    Path mark = directory.resolve(OPEN_NAME);
    Files.deleteIfExists(mark);
    try (FileChannel out =
        FileChannel.open(
            mark, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWN_FILE)) {
      out.write(ByteBuffer.wrap(bootId().getBytes(StandardCharsets.US_ASCII)));
      out.force(true);
    }
    try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
      names.force(true); // the mark is there before anything that it speaks of
    }
  }

  /** All that was written is whole. */
  void end() throws IOException {
    Files.deleteIfExists(directory.resolve(OPEN_NAME));
  }

  private static String bootId() throws IOException {
    return Files.isReadable(BOOT_ID) ? Files.readString(BOOT_ID) : "";
  }

  /** Deletes everything but the lock. */
  void empty() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        if (!file.endsWith(LOCK_NAME)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    if (channel.isOpen()) {
      channel.close();
      TAKEN.remove(directory);
    }
  }
}
