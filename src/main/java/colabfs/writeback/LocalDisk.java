package colabfs.writeback;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * The disk of this machine.
 *
 * <p>Files are read and written through {@link RandomAccessFile}: a {@link FileChannel} is closed
 * under everybody when one thread that uses it is interrupted, and with it the journal.
 */
final class LocalDisk implements Disk {
  private static final Set<PosixFilePermission> OWN_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> OWN_DIRECTORY =
      PosixFilePermissions.fromString("rwx------");

  /** Less is no room: a file system keeps something for itself. */
  private static final long ROOM_BYTES = 4L << 20;

  /** Whether there is hardly any room below a directory. */
  static boolean isFull(Path directory) {
    try {
      return Files.getFileStore(directory).getUsableSpace() < ROOM_BYTES;
    } catch (IOException e) {
      return false;
    }
  }

  /** Makes a directory, and those above it, for the user alone; one that exists becomes so. */
  static void makeOwn(Path directory) throws IOException {
    Path absolute = directory.toAbsolutePath();
    if (Files.isDirectory(absolute)) {
      if (!Files.getPosixFilePermissions(absolute).equals(OWN_DIRECTORY)) {
        Files.setPosixFilePermissions(absolute, OWN_DIRECTORY);
      }
      return;
    }
    Path top = absolute;
    for (Path above = top.getParent();
        above != null && !Files.exists(above);
        above = top.getParent()) {
      top = above;
    }
    Files.createDirectories(absolute, PosixFilePermissions.asFileAttribute(OWN_DIRECTORY));
    for (Path made = absolute; made.startsWith(top); made = parentOf(made)) {
      syncNames(parentOf(made));
    }
  }

  private static Path parentOf(Path path) {
    Path parent = path.getParent();
    return parent == null ? path : parent;
  }

  /** Makes a file private that exists. */
  static void makeOwnFile(Path file) throws IOException {
    if (!Files.getPosixFilePermissions(file).equals(OWN_FILE)) {
      Files.setPosixFilePermissions(file, OWN_FILE);
    }
  }

  @Override
  public OpenFile create(Path path) throws IOException {
    Files.createFile(path, PosixFilePermissions.asFileAttribute(OWN_FILE));
    return new LocalFile(path);
  }

  @Override
  public OpenFile open(Path path) throws IOException {
    makeOwnFile(path);
    return new LocalFile(path);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void link(Path existing, Path further) throws IOException {
    Files.createLink(further, existing);
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.deleteIfExists(path);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    syncNames(directory);
  }

  /** Only a channel can do this; an interrupt closes it, so that it is done again then. */
  private static void syncNames(Path directory) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
          names.force(true);
          return;
        } catch (ClosedByInterruptException e) {
          interrupted |= Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static final class LocalFile implements OpenFile {
    private static final long UNKNOWN = -1;

    /** Who reads has a file position of its own and never waits for who writes. */
    private final RandomAccessFile reader;

    private final RandomAccessFile writer;
    private final Object reading = new Object();

    @GuardedBy("reading")
    private long readerAt;

    @GuardedBy("this")
    private long writerAt;

    LocalFile(Path path) throws IOException {
      reader = new RandomAccessFile(path.toFile(), "r");
      try {
        writer = new RandomAccessFile(path.toFile(), "rw");
      } catch (IOException e) {
        reader.close();
        throw e;
      }
    }

    @Override
    public synchronized void write(long position, byte[] bytes, int count) throws IOException {
      if (writerAt != position) {
        writer.seek(position);
      }
      writerAt = UNKNOWN;
      writer.write(bytes, 0, count);
      writerAt = position + count;
    }

    @Override
    public int read(long position, byte[] into, int offset, int count) throws IOException {
      synchronized (reading) {
        if (readerAt != position) {
          reader.seek(position);
        }
        readerAt = UNKNOWN;
        int got = reader.read(into, offset, count);
        readerAt = position + Math.max(0, got);
        return got;
      }
    }

    @Override
    public long sizeBytes() throws IOException {
      return writer.length();
    }

    @Override
    public synchronized void truncate(long sizeBytes) throws IOException {
      writerAt = UNKNOWN;
      writer.setLength(sizeBytes);
    }

    @Override
    public void sync() throws IOException {
      writer.getFD().sync();
    }

    @Override
    public void close() throws IOException {
      try (reader) {
        writer.close();
      }
    }
  }
}
