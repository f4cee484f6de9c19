package colabfs.writeback;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A file of records that only grows, checked when it is read; docs/JOURNAL.md has the format, and
 * what is done with a damaged one.
 *
 * <p>Threading: any thread; interrupts do not disturb it.
 *
 * <p>Durability: a record survives the end of this process when {@link #append} has returned, and a
 * power cut when a later {@link #force} has.
 */
final class RecordFile implements AutoCloseable {

  /** The longest payload: a megabyte of content, and what is said of it. */
  static final int MAX_PAYLOAD_BYTES = (1 << 20) + (64 << 10);

  private static final System.Logger LOG = System.getLogger(RecordFile.class.getName());
  private static final int FIRST_BUFFER_BYTES = 8 << 10;
  private static final int READ_BYTES = 128 << 10;

  private final Disk disk;
  private final Generations generations;
  private final long generation;
  private final RecordFormat format;
  private final Disk.OpenFile file;

  /** Guards what is appended. Taken before {@link #syncing}, and never while that waits. */
  private final ReentrantLock appending = new ReentrantLock();

  private final ReentrantLock syncing = new ReentrantLock();
  private final Condition synced = syncing.newCondition();

  @GuardedBy("appending")
  private byte[] buffer = new byte[FIRST_BUFFER_BYTES];

  @GuardedBy("appending")
  private long records;

  /** Bytes of a record that failed may stand behind the end. */
  @GuardedBy("appending")
  private boolean untidy;

  /** A successor is being filled, or has taken over. */
  @GuardedBy("appending")
  private boolean succeeded;

  /** Where the next record goes; written while {@link #appending} is held. */
  private volatile long end;

  /** Begins at 0: nobody knows whether what an earlier process wrote has reached the disk. */
  @GuardedBy("syncing")
  private long forcedEnd;

  @GuardedBy("syncing")
  private boolean syncRuns;

  /** After it nobody can know what the disk has: Linux tells of a failed write once only. */
  @GuardedBy("syncing")
  private @Nullable IOException syncFailure;

  /** Its successor has all that matters, on the disk. */
  @GuardedBy("syncing")
  private boolean superseded;

  /** Told of each good record. */
  interface RecordHandler {
    /**
     * One record.
     *
     * @param payload for this call only
     * @param position of the payload, for {@link RecordFile#read}
     * @throws IOException it makes no sense: it counts as damaged
     */
    void record(int type, ByteBuffer payload, long position) throws IOException;
  }

  /** Fills a new file. */
  interface Filler {
    void fill(RecordFile next) throws IOException;
  }

  /**
   * The file as it was found.
   *
   * @param records how many the handler was given
   * @param cutBytes length of the torn tail that was cut off
   * @param report for a person: what was wrong with it and where it is kept; null when nothing was
   */
  record Recovered(RecordFile file, long records, long cutBytes, @Nullable String report) {}

  RecordFile(
      Generations generations,
      long generation,
      RecordFormat format,
      Disk.OpenFile file,
      long end,
      long records) {
    this.disk = generations.disk();
    this.generations = generations;
    this.generation = generation;
    this.format = format;
    this.file = file;
    this.end = end;
    this.records = records;
  }

  /**
   * Opens the newest file of that directory, or begins one; the handler is given what it holds.
   *
   * @throws IOException the disk fails, or a later version of this program wrote the file
   */
  static Recovered open(Path directory, RecordHandler handler) throws IOException {
    return open(directory, handler, new LocalDisk());
  }

  static Recovered open(Path directory, RecordHandler handler, Disk disk) throws IOException {
    LocalDisk.makeOwn(directory);
    return new Recovery(new Generations(directory, disk), handler).run();
  }

  /** The beginning of the journal's id, which stays the same over its generations. */
  String id() {
    return format.shortId();
  }

  long generation() {
    return generation;
  }

  /** Reads what was appended, from the beginning. */
  RecordScan scan() throws IOException {
    return new RecordScan(file, format);
  }

  /** With its header. */
  long sizeBytes() {
    return end;
  }

  /**
   * Appends a record. The buffers stay as they are.
   *
   * @param type 0 to 255
   * @return where its payload begins
   * @throws IOException the disk does not take it: the file is as it was
   */
  long append(int type, ByteBuffer... payload) throws IOException {
    int length = lengthOf(payload);
    if (length > MAX_PAYLOAD_BYTES || type < 0 || type > 255) {
      throw new IllegalArgumentException("a record of " + length + " bytes, type " + type);
    }
    appending.lock();
    try {
      if (succeeded) {
        throw new IllegalStateException("another generation takes the place of " + name());
      }
      if (records + 1 == RecordFormat.SEQUENCE_LIMIT) {
        throw new IOException(name() + " has no numbers left");
      }
      byte[] record = bufferLocked(RecordFormat.HEAD_BYTES + length);
      int at = RecordFormat.HEAD_BYTES;
      for (ByteBuffer part : payload) {
        int count = part.remaining();
        part.get(part.position(), record, at, count);
        at += count;
      }
      format.seal(record, length, records + 1, type);
      long start = end;
      writeLocked(start, record, at);
      records++;
      end = start + at;
      return start + RecordFormat.HEAD_BYTES;
    } finally {
      appending.unlock();
    }
  }

  private static int lengthOf(ByteBuffer[] payload) {
    long length = 0;
    for (ByteBuffer part : payload) {
      length += part.remaining();
    }
    return (int) Math.min(Integer.MAX_VALUE, length);
  }

  @GuardedBy("appending")
  private byte[] bufferLocked(int bytes) {
    if (buffer.length < bytes) {
      buffer =
          new byte[Math.min(RecordFormat.MAX_RECORD_BYTES, Math.max(bytes, 2 * buffer.length))];
    }
    return buffer;
  }

  @GuardedBy("appending")
  private void writeLocked(long start, byte[] record, int count) throws IOException {
    if (untidy) {
      file.truncate(start);
      untidy = false;
    }
    boolean whole = false;
    try {
      file.write(start, record, count);
      whole = true;
    } finally {
      if (!whole) {
        cutBackLocked(start);
      }
    }
  }

  /** When even this fails, the next record begins with it; a reader cuts such a tail as well. */
  @GuardedBy("appending")
  private void cutBackLocked(long start) {
    untidy = true;
    try {
      file.truncate(start);
      untidy = false;
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "cannot cut {0} back to its last whole record: {1}",
          name(),
          e.getMessage());
    }
  }

  /**
   * Fills the buffer from what was appended. Works for a file that has a successor too, until it is
   * closed.
   */
  void read(long position, ByteBuffer into) throws IOException {
    if (position < 0 || position + into.remaining() > end) {
      throw new EOFException(name() + " has nothing at " + position);
    }
    if (into.hasArray()) {
      int at = into.arrayOffset() + into.position();
      readFully(position, into.array(), at, into.remaining());
      into.position(into.limit());
      return;
    }
    byte[] bytes = new byte[Math.min(READ_BYTES, into.remaining())];
    for (long at = position; into.hasRemaining(); ) {
      int count = Math.min(bytes.length, into.remaining());
      readFully(at, bytes, 0, count);
      into.put(bytes, 0, count);
      at += count;
    }
  }

  private void readFully(long position, byte[] into, int offset, int count) throws IOException {
    RecordScan.readFully(file, position, into, offset, count);
  }

  /**
   * Waits until a power cut cannot take what was appended before; who waits together shares one
   * wait.
   *
   * @throws IOException the disk failed: from then on always, until {@link #startNext}
   */
  void force() throws IOException {
    long wanted = end;
    while (mustSync(wanted)) {
      long covered = end;
      IOException failure = null;
      try {
        file.sync();
      } catch (IOException e) {
        failure = e;
      } finally {
        syncEnded(covered, failure);
      }
    }
  }

  /** False when it was done by somebody else; true when the caller is the one to do it. */
  private boolean mustSync(long wanted) throws IOException {
    syncing.lock();
    try {
      while (true) {
        if (forcedEnd >= wanted || superseded) {
          return false;
        }
        if (syncFailure != null) {
          throw new IOException(name() + " is not safe on the disk", syncFailure);
        }
        if (!syncRuns) {
          syncRuns = true;
          return true;
        }
        synced.awaitUninterruptibly();
      }
    } finally {
      syncing.unlock();
    }
  }

  private void syncEnded(long covered, @Nullable IOException failure) {
    syncing.lock();
    try {
      syncRuns = false;
      if (failure == null) {
        forcedEnd = covered;
      } else {
        syncFailure = failure;
      }
      synced.signalAll();
    } finally {
      syncing.unlock();
    }
  }

  private void nothingIsSafe(IOException why) {
    syncing.lock();
    try {
      forcedEnd = 0;
      syncFailure = why;
    } finally {
      syncing.unlock();
    }
  }

  /**
   * A new file takes the place of this one, in one step that a crash or a power cut finds done or
   * not done. This one then has no name any more; it can be read until it is closed.
   *
   * @param filler appends to the new file what still matters; nothing else is appended meanwhile
   * @throws IOException the disk does not take it: this file goes on
   */
  RecordFile startNext(Filler filler) throws IOException {
    return startNext(() -> generations.create(generation + 1, format.ofNextFile(), filler));
  }

  /** Begins a successor that is filled while this file goes on; one at a time. */
  RecordFile beginNext() throws IOException {
    return generations.begin(generation + 1, format.ofNextFile());
  }

  /** As {@link #startNext(Filler)}, for one of {@link #beginNext}, which is dropped if it fails. */
  RecordFile startNext(RecordFile begun, Filler rest) throws IOException {
    return startNext(() -> generations.finish(begun, rest));
  }

  /** Drops one of {@link #beginNext}. */
  void abandon(RecordFile begun) {
    generations.abandon(begun);
  }

  private interface Making {
    RecordFile make() throws IOException;
  }

  private RecordFile startNext(Making making) throws IOException {
    appending.lock();
    try {
      if (succeeded) {
        throw new IllegalStateException("another generation takes the place of " + name());
      }
      succeeded = true;
      RecordFile next = null;
      try {
        next = making.make();
      } finally {
        succeeded = next != null;
      }
      supersede(next);
      return next;
    } finally {
      appending.unlock();
    }
  }

  /** The new name is there already; what fails here must not bring two files into use. */
  private void supersede(RecordFile next) {
    try {
      disk.syncDirectory(generations.directory());
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "after a power cut {0} could be in use again: {1}",
          name(),
          e.getMessage());
      next.nothingIsSafe(e);
      nothingIsSafe(e);
      return;
    }
    syncing.lock();
    try {
      superseded = true;
    } finally {
      syncing.unlock();
    }
    try {
      disk.delete(generations.path(generation));
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "{0} is done with, and goes at the next start: {1}",
          name(),
          e.getMessage());
    }
  }

  private String name() {
    return generations.path(generation).toString();
  }

  /** What was not forced is left to the system. */
  @Override
  public void close() throws IOException {
    file.close();
  }
}
