package colabfs.writeback;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.writeback.Names.Name;
import colabfs.writeback.PendingChange.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is pending: files, names and the jobs that bring them to the runtime. It changes by {@link
 * Event}s only, and the same events in the same order make the same state, so that the journal
 * tells after a crash what was pending.
 *
 * <p>Threading: guarded by the lock of the {@link Journal} that it belongs to.
 */
final class PendingState {
  /** Those that have something pending. */
  final Map<Long, PendingFile> files = new HashMap<>();

  /** Those that somebody has open now, clean ones too; the journal knows nothing of them. */
  final Map<Long, PendingFile> open = new HashMap<>();

  private final Names names = new Names();

  private final Jobs jobs = new Jobs();

  private final List<Conflict> conflicts = new ArrayList<>();

  /** Temporary files on the runtime by the number of their job. */
  final Map<Long, RemotePath> staged = new HashMap<>();

  private long lastFile;

  /** A directory was renamed, so that names may be elsewhere than the jobs that made them. */
  boolean relocated;

  private final ProgramSteps programs;
  private final OutcomeSteps outcomes;

  PendingState() {
    this.programs = new ProgramSteps(this);
    this.outcomes = new OutcomeSteps(this);
  }

  ProgramSteps programs() {
    return programs;
  }

  OutcomeSteps outcomes() {
    return outcomes;
  }

  /** A file by that number is known. */
  void saw(PendingFile file) {
    lastFile = Math.max(lastFile, file.number);
  }

  Names names() {
    return names;
  }

  Jobs jobs() {
    return jobs;
  }

  List<Conflict> conflicts() {
    return conflicts;
  }

  long nextFile() {
    return lastFile + 1;
  }

  /** The file by that number that has something pending; null when there is none. */
  @Nullable PendingFile pending(long number) {
    return files.get(number);
  }

  /** The file under that name that somebody has open or that has something pending. */
  @Nullable PendingFile at(RemotePath path) {
    Name name = names.get(path);
    if (name != null) {
      return name.file();
    }
    for (PendingFile file : open.values()) {
      if (file.names.contains(path)) {
        return file;
      }
    }
    return null;
  }

  /** Nothing is pending, and no open handle counts on what is in the journal. */
  boolean isIdle() {
    return jobs.isEmpty()
        && staged.isEmpty()
        && open.values().stream().allMatch(file -> file.layers.isEmpty());
  }

  /** Every content that is not on the runtime, or that an open handle counts on. */
  Set<Layer> layers() {
    Set<Layer> all = Collections.newSetFromMap(new IdentityHashMap<>());
    files.values().forEach(file -> all.addAll(file.layers));
    open.values().forEach(file -> all.addAll(file.layers));
    for (Job job : jobs.all()) {
      if (job.layer != null) {
        all.add(job.layer);
      }
    }
    return all;
  }

  /** One more handle. */
  void handleOpened(PendingFile file) {
    file.handles++;
    open.put(file.number, file);
    saw(file);
  }

  /** One handle less. */
  void handleClosed(PendingFile file) {
    file.handles--;
    if (file.handles == 0) {
      open.remove(file.number);
    }
  }

  /** A file that the journal is going to know, or that is opened to be read. */
  PendingFile newFile(long number, RemotePath path, FileAttrs attrs, @Nullable FileAttrs remote) {
    PendingFile file = new PendingFile(number, path, attrs, remote, jobs.lastNumber());
    file.arrival = names.arrivalAt(path);
    return file;
  }

  /** Temporary files on the runtime of jobs that were forgotten, by their number. */
  Map<Long, RemotePath> leftOver() {
    Map<Long, RemotePath> left = new HashMap<>(staged);
    left.keySet().removeIf(number -> jobs.get(number) != null);
    return left;
  }

  /** After the journal was read, or the link was lost: what was on its way is to go again. */
  void again(Job job) {
    if (!job.isOver()) {
      job.state = Job.State.WAITING;
      jobs.notHanded(job);
      jobs.sort(job);
    }
  }

  /** The rename that the runtime may have carried out already, of that file or above it. */
  @Nullable Job moverOf(PendingFile file) {
    for (Job job : jobs.all()) {
      if (job.kind == Kind.RENAME
          && job.maybeDone
          && !job.held
          && job.number > file.placedAfter
          && file.remoteAt.startsWith(job.path)) {
        return job;
      }
    }
    return null;
  }

  /** What a person would give up with everything at or below that path. */
  Set<Job> touching(RemotePath below) {
    List<Job> touching = jobs.all().stream().filter(job -> job.touches(below)).toList();
    return Jobs.withWaiters(touching);
  }
}
