package colabfs.writeback;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** One process at a time has a journal; the lock goes with the process. Threading: any thread. */
final class JournalLock implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(JournalLock.class.getName());

  /**
   * The directories that this process has. Asking the lock file would not do: POSIX drops a
   * process's lock of a file when the process closes that file, by whichever descriptor.
   */
  private static final Set<Path> TAKEN = ConcurrentHashMap.newKeySet();

  private static final int LONGEST_PID = 20;

  private final Path directory;
  private final FileChannel channel;

  private JournalLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * Takes the directory, which is made for the user alone where it is missing.
   *
   * @throws IOException another process has it; the message names it and tells what to do
   */
  static JournalLock take(Path directory) throws IOException {
    LocalDisk.makeOwn(directory);
    Path real = directory.toRealPath();
    if (!TAKEN.add(real)) {
      throw refusal("this process, " + ProcessHandle.current().pid());
    }
    JournalLock taken = null;
    try {
      taken = takeFile(real);
      return taken;
    } finally {
      if (taken == null) {
        TAKEN.remove(real);
      }
    }
  }

  private static JournalLock takeFile(Path directory) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve("lock"),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    boolean locked = false;
    try {
      if (channel.tryLock() == null) {
        throw refusal(holder(channel));
      }
      String pid = ProcessHandle.current().pid() + "\n";
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
      locked = true;
      return new JournalLock(directory, channel);
    } finally {
      if (!locked) {
        channel.close();
      }
    }
  }

  /** Empty for the moment between taking the lock and writing the number. */
  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer pid = ByteBuffer.allocate(LONGEST_PID);
    channel.read(pid, 0);
    String text = new String(pid.array(), 0, pid.position(), StandardCharsets.US_ASCII).trim();
    return text.matches("[0-9]+") ? "process " + text : "another process";
  }

  private static IOException refusal(String holder) {
    return new IOException(
        "the same directory of this runtime is mounted by "
            + holder
            + ", which keeps the journal of what is unsent. Unmount it first: colabfs umount");
  }

  @Override
  public synchronized void close() {
    if (!channel.isOpen()) {
      return; // the directory may have been taken again
    }
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(
          Level.WARNING, "the lock of {0} goes with the process: {1}", directory, e.getMessage());
    }
    TAKEN.remove(directory);
  }
}
