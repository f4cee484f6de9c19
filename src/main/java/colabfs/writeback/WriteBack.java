package colabfs.writeback;

import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
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
   * @param draftBytes new files of that length begin to be sent before they have rested
   */
  public record Settings(
      Path directory, Duration debounce, String host, Fsync fsync, long draftBytes) {
    /** As long as an editor needs for the steps of one save. */
    public static final Duration DEFAULT_DEBOUNCE = Duration.ofMillis(100);

    /** Begins with files that a helper does not take in one request. */
    public Settings(Path directory, Duration debounce, String host, Fsync fsync) {
      this(directory, debounce, host, fsync, Shipping.FILE_BYTES + 1);
    }
  }

  /** What an fsync waits for. */
  public enum Fsync {
    /** The local disk. */
    LOCAL,
    /** The runtime's disk. */
    REMOTE
  }

  private WriteBack(
      RemoteFs remote,
      RemoteTree tree,
      RemoteIdentity identity,
      Settings settings,
      Journal journal) {
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
            journal, remote, tree, identity, settings, path -> known().changed(path), pace);
  }

  /**
   * Opens the journal, and goes on with what is in it.
   *
   * @param tree a helper on the runtime, which is given what it can do while it is there
   * @throws IOException another process has the journal, or the local disk fails
   */
  public static WriteBack open(
      RemoteFs remote,
      RemoteTree tree,
      RemoteIdentity identity,
      Settings settings,
      InstantSource clock)
      throws IOException {
    WriteBack made = openAtRest(remote, tree, identity, settings, clock);
    made.begin();
    return made;
  }

  /** As {@link #open}, and sends nothing before {@link #begin}. */
  public static WriteBack openAtRest(
      RemoteFs remote,
      RemoteTree tree,
      RemoteIdentity identity,
      Settings settings,
      InstantSource clock)
      throws IOException {
    return openAtRest(remote, tree, identity, settings, clock, Journal.COMPACT_BYTES);
  }

  /** As the other, with a journal that is made smaller when so many bytes are needed no more. */
  static WriteBack openAtRest(
      RemoteFs remote,
      RemoteTree tree,
      RemoteIdentity identity,
      Settings settings,
      InstantSource clock,
      long compactBytes)
      throws IOException {
    Journal journal = Journal.open(settings.directory(), clock, compactBytes);
    return new WriteBack(remote, tree, identity, settings, journal);
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

  /** What a helper tells of the runtime, as programs are to see it. */
  public RemoteTree over(RemoteTree tree) {
    return files.over(tree);
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
      return figures(journal.stateLocked());
    } finally {
      journal.lock.unlock();
    }
  }

  /** The journal's lock is held. */
  static PendingFigures figures(PendingState state) {
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
    new Flush(journal, uploader).until(below, stalled, progress);
  }

  @Override
  public void retry() {
    journal.note(new Event.Retried());
    kick();
  }

  @Override
  public List<Path> export(RemotePath below, Path directory) throws IOException {
    return new Export(journal).to(directory, below);
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
    journal.note(new Event.Rebased(number, there));
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
