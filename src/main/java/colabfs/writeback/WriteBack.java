package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Write-back of one mounted root: a journal, what brings it to the runtime, and the files as
 * programs see them meanwhile.
 *
 * <p>Durability: a change that was answered survives the end of this process; one that was fsynced
 * survives a power cut. Threading: any thread.
 */
public final class WriteBack implements PendingChanges, AutoCloseable {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final Duration PROGRESS = Duration.ofMillis(250);
  private static final int COPY_BYTES = 1 << 18;

  private final Journal journal;
  private final JournaledFs files;
  private final Uploader uploader;
  private final ExecutorService waiting;
  private final Pace pace;

  /**
   * How write-back behaves.
   *
   * @param directory of the journal, for the user alone
   * @param debounce how long a change rests before it is sent, as more may join
   * @param host this machine, for the names of conflict copies
   * @param fsync what an fsync waits for
   */
  public record Settings(Path directory, Duration debounce, String host, Fsync fsync) {
    /** As long as an editor needs for the steps of one save. */
    public static final Duration DEFAULT_DEBOUNCE = Duration.ofMillis(100);
  }

  /** What an fsync waits for. */
  public enum Fsync {
    /** The local disk. */
    LOCAL,
    /** The runtime's disk. */
    REMOTE
  }

  private WriteBack(RemoteFs remote, RemoteIdentity identity, Settings settings, Journal journal) {
    this.journal = journal;
    this.waiting =
        Executors.newCachedThreadPool(
            work -> {
              Thread thread = new Thread(work, "colabfs-journal");
              thread.setDaemon(true);
              return thread;
            });
    this.pace = new Pace(waiting);
    this.files =
        new JournaledFs(remote, journal, identity, waiting, pace, settings.fsync(), this::kick);
    this.uploader =
        new Uploader(
            journal,
            remote,
            identity,
            settings.debounce(),
            settings.host(),
            path -> known().changed(path),
            pace);
  }

  /**
   * Opens the journal, and goes on with what is in it.
   *
   * @throws IOException another process has the journal, or the local disk fails
   */
  public static WriteBack open(
      RemoteFs remote, RemoteIdentity identity, Settings settings, InstantSource clock)
      throws IOException {
    WriteBack made = openAtRest(remote, identity, settings, clock);
    made.begin();
    return made;
  }

  /** As {@link #open}, and sends nothing before {@link #begin}. */
  public static WriteBack openAtRest(
      RemoteFs remote, RemoteIdentity identity, Settings settings, InstantSource clock)
      throws IOException {
    return openAtRest(remote, identity, settings, clock, Journal.COMPACT_BYTES);
  }

  /** As the other, with a journal that is made smaller when so many bytes are needed no more. */
  static WriteBack openAtRest(
      RemoteFs remote,
      RemoteIdentity identity,
      Settings settings,
      InstantSource clock,
      long compactBytes)
      throws IOException {
    Journal journal = Journal.open(settings.directory(), clock, compactBytes);
    return new WriteBack(remote, identity, settings, journal);
  }

  /** Begins to send what is pending. */
  public void begin() {
    kick();
  }

  private void kick() {
    uploader.kick();
  }

  private KnownNames known() {
    return files.known();
  }

  /** The files as programs here see them. */
  public RemoteFs files() {
    return files;
  }

  /** The names among them that are not on the runtime as they are here. */
  public PendingNames names() {
    return files;
  }

  /** From now on that is what is known of the runtime without asking. */
  public void use(KnownNames names) {
    files.use(names);
  }

  /** What a person has to be told of the journal that was found, or null. */
  public @Nullable String report() {
    return journal.report();
  }

  /** Where what is unsent is kept. */
  public Path directory() {
    return journal.directory();
  }

  @Override
  public PendingFigures figures() {
    journal.lock.lock();
    try {
      return figuresLocked();
    } finally {
      journal.lock.unlock();
    }
  }

  private PendingFigures figuresLocked() {
    PendingState state = journal.stateLocked();
    int refused = 0;
    for (Job job : state.jobs().all()) {
      refused += job.held ? 1 : 0;
    }
    return new PendingFigures(
        state.jobs().count(), state.jobs().bytes(), refused, state.conflicts().size());
  }

  @Override
  public List<PendingChange> list() {
    journal.lock.lock();
    try {
      return journal.stateLocked().jobs().all().stream().map(WriteBack::shown).toList();
    } finally {
      journal.lock.unlock();
    }
  }

  private static PendingChange shown(Job job) {
    PendingChange.State state =
        switch (job.state) {
          case REFUSED -> PendingChange.State.REFUSED;
          case STARTED, COMMITTING -> PendingChange.State.SENDING;
          case WAITING, GONE ->
              job.held ? PendingChange.State.BLOCKED : PendingChange.State.WAITING;
        };
    Instant since =
        Instant.ofEpochSecond(
            Math.floorDiv(job.sinceNanos, NANOS_PER_SECOND),
            Math.floorMod(job.sinceNanos, NANOS_PER_SECOND));
    return new PendingChange(
        job.number,
        job.kind,
        job.path,
        job.target,
        job.bytes(),
        state,
        job.error,
        job.reason,
        since);
  }

  @Override
  public void flush(RemotePath below, Duration stalled, Consumer<PendingFigures> progress)
      throws FsException {
    Set<Job> awaited;
    journal.lock.lock();
    try {
      awaited = awaitedLocked(below);
      if (!awaited.isEmpty()) {
        journal.noteLocked(new Event.Sealed(Event.Sealed.ALL));
      }
    } finally {
      journal.lock.unlock();
    }
    kick();
    long begun = System.nanoTime();
    while (!awaited.isEmpty()) {
      PendingFigures left = null;
      journal.lock.lock();
      try {
        awaited.removeIf(Job::isOver);
        for (Job job : awaited) {
          if (job.held) {
            throw refusal(job);
          }
        }
        if (!awaited.isEmpty()) {
          left = figuresLocked();
          var unused = journal.awaitStepLocked(PROGRESS.toNanos());
        }
      } finally {
        journal.lock.unlock();
      }
      if (left != null) {
        progress.accept(left);
        checkMoving(begun, stalled, left);
      }
    }
  }

  /** What is at or below the path, and what has to arrive before it. */
  private Set<Job> awaitedLocked(RemotePath below) {
    List<Job> todo = new ArrayList<>();
    for (Job job : journal.stateLocked().jobs().all()) {
      boolean concerned =
          job.touches(below) || below.startsWith(job.path) || isAbove(job.target, below);
      if (concerned) {
        todo.add(job);
      }
    }
    Set<Job> all = new LinkedHashSet<>();
    while (!todo.isEmpty()) {
      Job job = todo.remove(todo.size() - 1);
      if (all.add(job)) {
        todo.addAll(job.waitsFor);
      }
    }
    return all;
  }

  private static boolean isAbove(@Nullable RemotePath target, RemotePath below) {
    return target != null && below.startsWith(target);
  }

  private static FsException refusal(Job job) {
    Job cause = job;
    while (cause.state != Job.State.REFUSED) {
      Job next = null;
      for (Job earlier : cause.waitsFor) {
        next = earlier.held ? earlier : next;
      }
      if (next == null) {
        break;
      }
      cause = next;
    }
    Errno errno = cause.error == null ? Errno.EIO : cause.error;
    return new FsException(
        errno, cause.path + " is not on the runtime: " + String.valueOf(cause.reason));
  }

  private void checkMoving(long begunNanos, Duration stalled, PendingFigures left)
      throws FsException {
    long moved = uploader.movedNanos();
    long since = moved - begunNanos > 0 ? moved : begunNanos;
    if (System.nanoTime() - since > stalled.toNanos()) {
      throw new FsException(
          Errno.ETIMEDOUT,
          "nothing has arrived on the runtime for %d s; %d changes (%d bytes) are kept in %s and are sent as soon as it answers"
              .formatted(stalled.toSeconds(), left.changes(), left.bytes(), journal.directory()));
    }
  }

  @Override
  public void retry() {
    note(new Event.Retried());
    kick();
  }

  @Override
  public List<Path> export(RemotePath below, Path directory) throws IOException {
    List<Path> written = new ArrayList<>();
    for (Job job : jobsBelow(below)) {
      PendingFile file = job.file;
      Layer layer = job.layer;
      Path place = directory.resolve("." + job.path).normalize();
      if (job.kind == PendingChange.Kind.MKDIR) {
        Files.createDirectories(place);
      } else if (file != null && layer != null) {
        Files.createDirectories(parentOf(place, directory));
        copy(layer, place);
        written.add(place);
      } else if (job.kind == PendingChange.Kind.SYMLINK && job.text != null) {
        Files.createDirectories(parentOf(place, directory));
        Files.createSymbolicLink(place, Path.of(job.text));
        written.add(place);
      }
    }
    return written;
  }

  private static Path parentOf(Path place, Path directory) {
    Path parent = place.getParent();
    return parent == null ? directory : parent;
  }

  private List<Job> jobsBelow(RemotePath below) {
    journal.lock.lock();
    try {
      return journal.stateLocked().jobs().all().stream()
          .filter(job -> job.path.startsWith(below))
          .toList();
    } finally {
      journal.lock.unlock();
    }
  }

  private void copy(Layer layer, Path place) throws IOException {
    List<Layer.Extent> extents;
    long size;
    journal.lock.lock();
    try {
      extents = layer.extents();
      size = layer.sizeBytes();
    } finally {
      journal.lock.unlock();
    }
    try (FileChannel out =
        FileChannel.open(place, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (Layer.Extent extent : extents) {
        copy(extent, out);
      }
      if (out.size() < size) {
        out.write(ByteBuffer.allocate(1), size - 1);
      }
      out.force(true);
    } catch (FsException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void copy(Layer.Extent extent, FileChannel out) throws IOException, FsException {
    ByteBuffer buffer = ByteBuffer.allocate(Math.min(COPY_BYTES, extent.length()));
    for (int done = 0; done < extent.length(); done += buffer.limit()) {
      buffer.clear().limit(Math.min(buffer.capacity(), extent.length() - done));
      if (!journal.read(extent.position() + done, buffer)) {
        throw new IOException("it arrived on the runtime meanwhile");
      }
      buffer.flip();
      long at = extent.offset() + done;
      while (buffer.hasRemaining()) {
        at += out.write(buffer, at);
      }
    }
  }

  @Override
  public List<PendingChange> discard(RemotePath below) throws FsException {
    List<PendingChange> given;
    List<RemotePath> touched;
    journal.lock.lock();
    try {
      Set<Job> going = journal.stateLocked().touching(below);
      given = going.stream().map(WriteBack::shown).toList();
      touched = going.stream().flatMap(job -> job.paths().stream()).toList();
      journal.recordLocked(new Event.Discarded(below));
    } finally {
      journal.lock.unlock();
    }
    pace.release();
    touched.forEach(path -> known().changed(path));
    kick();
    return given;
  }

  @Override
  public List<Conflict> conflicts() {
    journal.lock.lock();
    try {
      return List.copyOf(journal.stateLocked().conflicts());
    } finally {
      journal.lock.unlock();
    }
  }

  @Override
  public int dismiss(RemotePath below) {
    journal.lock.lock();
    try {
      int before = journal.stateLocked().conflicts().size();
      journal.noteLocked(new Event.Dismissed(below));
      return before - journal.stateLocked().conflicts().size();
    } finally {
      journal.lock.unlock();
    }
  }

  private void note(Event event) {
    journal.lock.lock();
    try {
      journal.noteLocked(event);
    } finally {
      journal.lock.unlock();
    }
  }

  /**
   * The pending changes of content that replace something, the first one of each file: where the
   * runtime that had it is gone, they have to be based on what another has.
   */
  public List<Replacement> replacements() {
    List<Replacement> found = new ArrayList<>();
    Set<PendingFile> seen = new HashSet<>();
    journal.lock.lock();
    try {
      for (Job job : journal.stateLocked().jobs().all()) {
        PendingFile file = job.file;
        Layer layer = job.layer;
        if (file == null || layer == null || !seen.add(file)) {
          continue;
        }
        FileAttrs base = waitsForContent(job) ? null : Job.expected(job.base);
        if (base != null) {
          found.add(new Replacement(job.number, job.path, base, layer.isWhole()));
        }
      }
    } finally {
      journal.lock.unlock();
    }
    return found;
  }

  /** Whether it is based on what an earlier job brings, and not on what the runtime had. */
  private static boolean waitsForContent(Job job) {
    return job.base instanceof Job.Base.Left left
        && left.file() != job.file
        && !left.file().layers.isEmpty();
  }

  /**
   * From now on that pending change is based on what is given.
   *
   * @param there what the runtime has in that place; null for nothing
   */
  public void rebase(long number, @Nullable FileAttrs there) {
    note(new Event.Rebased(number, there));
  }

  /**
   * The runtime that was answering is gone: what is under way begins anew, with another look at
   * what there is. Called while the link is down; returns when nothing goes on from before.
   */
  public void startOver() {
    uploader.startOver();
  }

  /** Stops sending; what is pending stays in the journal. */
  @Override
  public void close() {
    uploader.close();
    waiting.shutdown();
    journal.close();
  }
}
