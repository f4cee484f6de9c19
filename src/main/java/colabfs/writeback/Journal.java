package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What is pending, on the local disk and in memory, which always say the same: an event is appended
 * to the file before it is carried out.
 *
 * <p>Durability: what {@link #recordLocked} returned for survives the end of this process; what
 * {@link #force} returned for survives a power cut.
 *
 * <p>Threading: any thread; {@link #lock} guards the state, is held for a moment only, and never
 * while the network is waited for.
 */
final class Journal implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Journal.class.getName());
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** Beyond this, a journal of which nothing is needed any more is begun anew. */
  private static final long RECYCLE_BYTES = 8L << 20;

  /** A journal of which so much is needed no more, and more than is needed, is made smaller. */
  static final long COMPACT_BYTES = 64L << 20;

  /** What is left to be copied while everybody waits. */
  private static final long LAST_COPY_BYTES = 4L << 20;

  final ReentrantLock lock = new ReentrantLock();

  /** Signalled at every step. */
  final Condition stepped = lock.newCondition();

  private final JournalLock owner;
  private final Path directory;
  private final InstantSource clock;

  private final PendingState state;

  private RecordFile file;

  private Addresses addresses = Addresses.SAME;

  /** When the file is so long, it is looked at whether much of it is needed no more. */
  private long nextLookBytes;

  /** So much of it is events, which stay. */
  private long eventBytes;

  private boolean compacting;

  private volatile boolean closing;

  private final long compactBytes;

  private final @Nullable String report;

  private Journal(
      JournalLock owner,
      Path directory,
      InstantSource clock,
      PendingState state,
      RecordFile.Recovered recovered,
      long compactBytes) {
    this.owner = owner;
    this.directory = directory;
    this.clock = clock;
    this.state = state;
    this.file = recovered.file();
    this.report = recovered.report();
    this.compactBytes = compactBytes;
    this.nextLookBytes = compactBytes;
  }

  /**
   * Opens the journal of that directory, or begins one, and carries out what is in it.
   *
   * @param compactBytes it is made smaller when so many bytes of it are needed no more
   * @throws IOException another process has it, or the disk fails
   */
  static Journal open(Path directory, InstantSource clock, long compactBytes) throws IOException {
    JournalLock owner = JournalLock.take(directory);
    try {
      PendingState state = new PendingState();
      RecordFile.Recovered recovered =
          RecordFile.open(
              directory, (type, payload, position) -> replay(state, type, payload, position));
      for (Job job : List.copyOf(state.jobs().all())) {
        if (job.state == Job.State.COMMITTING) {
          state.again(job);
        }
      }
      Journal journal = new Journal(owner, directory, clock, state, recovered, compactBytes);
      journal.sealAll();
      return journal;
    } catch (IOException | RuntimeException e) {
      owner.close();
      throw e;
    }
  }

  /** What an earlier process left goes as it is. */
  private void sealAll() {
    lock.lock();
    try {
      if (!state.jobs().isEmpty()) {
        noteLocked(new Event.Sealed(Event.Sealed.ALL));
      }
    } finally {
      lock.unlock();
    }
  }

  static void replay(PendingState state, int type, ByteBuffer payload, long position)
      throws IOException {
    int start = payload.position();
    EventCodec.Read read = EventCodec.read(type, payload);
    long content = position + (payload.position() - start);
    if (read.event() instanceof Event.Wrote wrote && wrote.length() != payload.remaining()) {
      throw new IOException("a write without its bytes");
    }
    read.event().applyTo(state, new Event.Moment(read.atNanos(), content));
  }

  /** What had to be told of the journal when it was opened, or null. */
  @Nullable String report() {
    return report;
  }

  Path directory() {
    return directory;
  }

  /** What is pending. */
  PendingState stateLocked() {
    requireLock();
    return state;
  }

  /** Steps come as lambdas, which no compiler can follow: so it is checked when they run. */
  private void requireLock() {
    if (!lock.isHeldByCurrentThread()) {
      throw new IllegalStateException("the journal's lock is not held");
    }
  }

  /** A name for temporary files that no other journal has. */
  String id() {
    lock.lock();
    try {
      return file.id();
    } finally {
      lock.unlock();
    }
  }

  long nowNanos() {
    return nanos(clock.instant());
  }

  private static long nanos(Instant at) {
    return Math.addExact(Math.multiplyExact(at.getEpochSecond(), NANOS_PER_SECOND), at.getNano());
  }

  /**
   * Records and carries out. ENOSPC or EIO when the local disk does not take it: nothing is done.
   */
  void recordLocked(Event event) throws FsException {
    requireLock();
    recordLocked(event, ByteBuffer.allocate(0));
  }

  /** As {@link #recordLocked(Event)}, with the bytes of a write. */
  void recordLocked(Event event, ByteBuffer content) throws FsException {
    requireLock();
    long now = nowNanos();
    ByteBuffer head = EventCodec.write(event, now);
    int headBytes = head.remaining();
    long position;
    try {
      position = file.append(EventCodec.typeOf(event), head, content);
    } catch (IOException e) {
      throw notTaken(e);
    }
    event.applyTo(state, new Event.Moment(now, addresses.placeOf(position + headBytes)));
    stepped.signalAll();
  }

  private FsException notTaken(IOException e) {
    Errno errno = LocalDisk.isFull(directory) ? Errno.ENOSPC : Errno.EIO;
    String next =
        errno == Errno.ENOSPC
            ? "Make room below " + directory + " and save again."
            : "See whether the disk below " + directory + " is in order, and save again.";
    return new FsException(
        errno,
        "the local disk does not take what is to be sent to the runtime (%s). %s"
            .formatted(e.getMessage(), next),
        e);
  }

  /**
   * As {@link #recordLocked(Event)}, of what became of something: when the disk does not take it,
   * the next start does it once more, which every step allows for.
   */
  void noteLocked(Event event) {
    requireLock();
    try {
      recordLocked(event);
    } catch (FsException e) {
      LOG.log(Level.WARNING, "not noted in the journal: {0}", e.getMessage());
      event.applyTo(state, new Event.Moment(nowNanos(), 0));
      stepped.signalAll();
    }
    recycleLocked();
  }

  /** As {@link #noteLocked}, for who does not hold the lock. */
  void note(Event event) {
    lock.lock();
    try {
      noteLocked(event);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reads bytes of a write by their place, see {@link Addresses}.
   *
   * @return false when they are not here any more: since the place was looked up they have arrived
   *     on the runtime, or were given up
   */
  boolean read(long place, ByteBuffer into) throws FsException {
    if (place == Layer.NOWHERE) {
      throw new FsException(
          Errno.EIO, "the journal in " + directory + " lacks bytes that it needs");
    }
    int start = into.position();
    while (true) {
      RecordFile from;
      long position;
      lock.lock();
      try {
        from = file;
        position = addresses.positionOf(place);
      } finally {
        lock.unlock();
      }
      if (position == Layer.NOWHERE) {
        return false;
      }
      try {
        from.read(position, into);
        return true;
      } catch (IOException e) {
        if (isCurrent(from)) {
          throw new FsException(
              Errno.EIO, "the journal in " + directory + " cannot be read: " + e.getMessage(), e);
        }
        into.position(start); // it was closed, as a smaller one has taken its place
      }
    }
  }

  private boolean isCurrent(RecordFile looked) {
    lock.lock();
    try {
      return file == looked;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the local disk has everything that was recorded. */
  void force() throws FsException {
    RecordFile current;
    lock.lock();
    try {
      current = file;
    } finally {
      lock.unlock();
    }
    try {
      current.force();
    } catch (IOException e) {
      throw new FsException(
          Errno.EIO, "the journal in " + directory + " cannot be saved: " + e.getMessage(), e);
    }
  }

  /** Waits for the next step; false when none came in that time. */
  @SuppressWarnings("WaitNotInLoop")
  boolean awaitStepLocked(long nanos) throws FsException {
    requireLock();
    try {
      return stepped.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FsException(Errno.EINTR, "interrupted while waiting for the runtime", e);
    }
  }

  private void recycleLocked() {
    if (compacting || closing) {
      return;
    }
    if (file.sizeBytes() > RECYCLE_BYTES && state.isIdle()) {
      beginAnewLocked();
    } else if (file.sizeBytes() >= nextLookBytes && isWorthCompactingLocked()) {
      compacting = true;
      Thread thread = new Thread(this::compact, "colabfs-compaction");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private boolean isWorthCompactingLocked() {
    long size = file.sizeBytes();
    nextLookBytes = size + compactBytes / 4;
    long needed = neededBytesLocked();
    return size - eventBytes - needed >= Math.max(compactBytes, needed);
  }

  private long neededBytesLocked() {
    return state.layers().stream().mapToLong(Layer::bytes).sum();
  }

  private void compact() {
    Compaction compaction = null;
    try {
      compaction = beginCompaction();
      if (compaction.copy(() -> closing) && catchUp(compaction)) {
        finish(compaction);
      } else {
        compaction.abandon();
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "the journal was not made smaller", e);
      if (compaction != null) {
        compaction.abandon();
      }
    } finally {
      lock.lock();
      try {
        compacting = false;
        stepped.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private Compaction beginCompaction() throws IOException {
    lock.lock();
    try {
      return new Compaction(file, addresses, state.layers());
    } finally {
      lock.unlock();
    }
  }

  /** Until little is left, which everybody waits for; false when this is being closed. */
  private boolean catchUp(Compaction compaction) throws IOException {
    while (!closing) {
      long end;
      lock.lock();
      try {
        end = file.sizeBytes();
      } finally {
        lock.unlock();
      }
      if (end - compaction.end() < LAST_COPY_BYTES) {
        return true;
      }
      compaction.catchUp(end);
    }
    return false;
  }

  private void finish(Compaction compaction) throws IOException {
    lock.lock();
    try {
      RecordFile old = file;
      long before = old.sizeBytes();
      file = compaction.finish();
      addresses = compaction.addresses();
      long size = file.sizeBytes();
      eventBytes = Math.max(0, size - neededBytesLocked());
      nextLookBytes = size + compactBytes;
      LOG.log(Level.DEBUG, "the journal was made smaller: {0} to {1} bytes", before, size);
      old.close();
    } finally {
      lock.unlock();
    }
  }

  private void beginAnewLocked() {
    try {
      List<Conflict> kept = List.copyOf(state.conflicts());
      RecordFile old = file;
      file =
          old.startNext(
              next -> {
                for (Conflict conflict : kept) {
                  long at = nanos(conflict.at());
                  Event event =
                      new Event.Conflicted(0, conflict.path(), conflict.copy(), conflict.what());
                  var unused = next.append(EventCodec.typeOf(event), EventCodec.write(event, at));
                }
              });
      addresses = addresses.afresh(old.sizeBytes(), file.sizeBytes());
      eventBytes = 0;
      nextLookBytes = compactBytes;
      old.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "the journal goes on growing", e);
    }
  }

  @Override
  public void close() {
    closing = true;
    lock.lock();
    try {
      while (compacting) {
        stepped.awaitUninterruptibly();
      }
      if (state.isIdle()) {
        beginAnewLocked();
      }
      file.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "closing the journal failed", e);
    } finally {
      lock.unlock();
    }
    owner.close();
  }
}
