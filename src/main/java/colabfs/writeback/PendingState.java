package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.writeback.Job.Base;
import colabfs.writeback.Names.Name;
import colabfs.writeback.PendingChange.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is pending: files, names and the jobs that bring them to the runtime. It changes by {@link
 * Event}s only, and the same events in the same order make the same state, so that the journal
 * tells after a crash what was pending.
 *
 * <p>Chains collapse while nobody on the runtime can have seen the middle: writes join the job that
 * has not been carried out, a new file that is renamed goes under its last name, one that is
 * removed does not go at all.
 *
 * <p>Threading: guarded by the lock of the {@link Journal} that it belongs to.
 */
final class PendingState {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** Those that have something pending. */
  private final Map<Long, PendingFile> files = new HashMap<>();

  /** Those that somebody has open now, clean ones too; the journal knows nothing of them. */
  private final Map<Long, PendingFile> open = new HashMap<>();

  private final Names names = new Names();
  private final Jobs jobs = new Jobs();
  private final List<Conflict> conflicts = new ArrayList<>();
  private final Map<Long, RemotePath> staged = new HashMap<>();
  private long lastFile;

  /** A directory was renamed, so that names may be elsewhere than the jobs that made them. */
  private boolean relocated;

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
    lastFile = Math.max(lastFile, file.number);
  }

  /** One handle less. */
  void handleClosed(PendingFile file) {
    file.handles--;
    if (file.handles == 0) {
      open.remove(file.number);
    }
  }

  // What programs do.

  void created(Event.Created event, Event.Moment moment) {
    PendingFile file = newFile(event.file(), event.path(), event.attrs(), null);
    files.put(file.number, file);
    lastFile = Math.max(lastFile, file.number);
    write(file, new Layer(0), new Base.Nothing(), moment);
  }

  void opened(Event.Opened event) {
    PendingFile file = open.get(event.file());
    if (file == null) {
      file = newFile(event.file(), event.path(), event.attrs(), event.attrs());
    }
    files.put(file.number, file);
    lastFile = Math.max(lastFile, file.number);
  }

  /** A file that the journal is going to know, or that is opened to be read. */
  PendingFile newFile(long number, RemotePath path, FileAttrs attrs, @Nullable FileAttrs remote) {
    PendingFile file = new PendingFile(number, path, attrs, remote, jobs.lastNumber());
    file.arrival = names.arrivalAt(path);
    return file;
  }

  /** A file that has something pending, or one that is open and has no name any more. */
  private @Nullable PendingFile changing(long number) {
    PendingFile file = files.get(number);
    return file == null ? open.get(number) : file;
  }

  void wrote(Event.Wrote event, Event.Moment moment) {
    PendingFile file = changing(event.file());
    if (file == null) {
      return;
    }
    Layer layer = writable(file, moment);
    long before = layer.bytes();
    layer.write(event.offset(), event.length(), moment.position());
    resized(file, layer, before, moment);
  }

  void cut(Event.Cut event, Event.Moment moment) {
    PendingFile file = changing(event.file());
    if (file == null) {
      return;
    }
    Layer layer = writable(file, moment);
    long before = layer.bytes();
    layer.cut(event.sizeBytes());
    resized(file, layer, before, moment);
  }

  private void resized(PendingFile file, Layer layer, long bytesBefore, Event.Moment moment) {
    if (file.path() != null || jobs.carry(layer)) {
      jobs.grew(layer.bytes() - bytesBefore);
    }
    file.attrs =
        file.attrs
            .withSize(layer.sizeBytes())
            .withTimes(file.attrs.atimeNanos(), moment.atNanos(), moment.atNanos());
    Job last = file.last;
    if (last != null && last.layer == layer) {
      last.attrs = file.attrs;
    }
  }

  void fileSet(Event.FileSet event, Event.Moment moment) {
    PendingFile file = changing(event.file());
    if (file == null) {
      return;
    }
    file.attrs = with(file.attrs, event.change(), moment.atNanos());
    RemotePath path = file.path();
    if (path == null) {
      return;
    }
    Job last = file.last;
    if (last != null && last.isOpen() && (last.kind == Kind.WRITE || last.kind == Kind.SETATTR)) {
      last.change = merge(last.change, event.change());
      last.attrs = file.attrs;
      grew(last, moment);
      return;
    }
    Job job = job(Kind.SETATTR, path, new Base.Left(file), moment);
    job.file = file;
    job.change = event.change();
    job.attrs = file.attrs;
    file.last = job;
    jobs.add(job);
    for (RemotePath name : file.names) {
      names.put(name, Name.file(file, job));
    }
  }

  void nameSet(Event.NameSet event, Event.Moment moment) {
    RemotePath path = event.path();
    Name name = names.get(path);
    if (name != null && name.file() != null) {
      fileSet(new Event.FileSet(name.file().number, event.change()), moment);
      return;
    }
    Job last = name == null ? null : name.job();
    boolean joins = last != null && last.isOpen() && last.path.equals(path) && takesAttrs(last);
    if (name != null && last != null && joins) {
      last.change = merge(last.change, event.change());
      last.attrs = event.after();
      names.put(path, name.with(event.after(), last));
      grew(last, moment);
      return;
    }
    Job job = job(Kind.SETATTR, path, new Base.Ours(), moment);
    job.change = event.change();
    job.attrs = event.after();
    jobs.add(job);
    names.put(
        path, name == null ? Name.remote(event.after(), job, null) : name.with(event.after(), job));
  }

  private static boolean takesAttrs(Job job) {
    return switch (job.kind) {
      case MKDIR, SYMLINK, SETATTR -> true;
      default -> false;
    };
  }

  void madeDirectory(Event.MadeDirectory event, Event.Moment moment) {
    Job job = job(Kind.MKDIR, event.path(), new Base.Nothing(), moment);
    job.attrs = event.attrs();
    jobs.add(job);
    names.put(event.path(), Name.directory(event.attrs(), job));
  }

  void madeSymlink(Event.MadeSymlink event, Event.Moment moment) {
    Job job = job(Kind.SYMLINK, event.path(), new Base.Nothing(), moment);
    job.attrs = event.attrs();
    job.text = event.text();
    jobs.add(job);
    names.put(event.path(), Name.symlink(event.text(), event.attrs(), job));
  }

  void linked(Event.Linked event, Event.Moment moment) {
    Job job = job(Kind.LINK, event.existing(), new Base.Ours(), moment);
    Name existing = names.get(event.existing());
    PendingFile file = existing == null ? null : existing.file();
    job.target = event.link();
    job.file = file;
    jobs.add(job);
    for (PendingFile opened : open.values()) {
      if (opened.names.contains(event.existing())) {
        opened.names.add(event.link());
      }
    }
    FileAttrs attrs = withLinks(event.attrs(), 1);
    if (file == null) {
      names.put(event.existing(), Name.remote(attrs, job, null));
      names.put(event.link(), Name.remote(attrs, job, job));
      return;
    }
    file.names.add(event.link());
    file.attrs = withLinks(file.attrs, 1);
    file.last = job;
    for (RemotePath name : file.names) {
      names.put(name, Name.file(file, job));
    }
  }

  private static FileAttrs withLinks(FileAttrs attrs, int more) {
    return attrs.withIdentity(0, Math.max(1, Math.max(1, attrs.links()) + more));
  }

  void removed(Event.Removed event, Event.Moment moment) {
    RemotePath path = event.path();
    Base base = leave(path, event.attrs());
    if (base instanceof Base.Nothing) {
      clear(path);
      return;
    }
    Job job = job(Kind.UNLINK, path, base, moment);
    jobs.add(job);
    names.put(path, Name.gone(job));
  }

  void removedDirectory(Event.RemovedDirectory event, Event.Moment moment) {
    RemotePath path = event.path();
    Name name = names.get(path);
    Job made = name == null ? null : name.job();
    if (made != null && made.kind == Kind.MKDIR && made.isOpen() && !jobs.hasBelow(path)) {
      jobs.remove(made);
      clear(path);
      return;
    }
    Job job = job(Kind.RMDIR, path, new Base.Ours(), moment);
    jobs.add(job);
    names.put(path, Name.gone(job));
  }

  void renamed(Event.Renamed event, Event.Moment moment) {
    RemotePath from = event.from();
    RemotePath to = event.to();
    Name moving = names.get(from);
    FileAttrs over = event.over();
    Base overBase = over == null ? new Base.Nothing() : leave(to, over);
    PendingFile file = moving == null ? null : moving.file();
    Job last = file == null ? null : file.last;
    if (file != null
        && last != null
        && last.kind == Kind.WRITE
        && last.path.equals(from)
        && last.isOpen()
        && file.names.size() == 1
        && isNothing(last.base)) {
      jobs.remove(last);
      clear(from);
      file.rename(from, to);
      Layer layer = last.layer == null ? new Layer(0) : last.layer;
      file.layers.remove(layer);
      Job job = write(file, layer, overBase, moment);
      job.change = last.change;
      return;
    }
    Job job = job(Kind.RENAME, from, baseOf(moving, event.attrs()), moment);
    job.target = to;
    job.targetBase = overBase;
    job.attrs = event.attrs();
    job.file = file;
    jobs.add(job);
    if (event.attrs().isDirectory()) {
      relocated = true;
      names.moveBelow(from, to);
    }
    renameAll(files.values(), from, to);
    renameAll(open.values(), from, to);
    names.put(from, Name.gone(job));
    names.put(to, moving == null ? Name.remote(event.attrs(), job, job) : moving.movedBy(job));
    if (file != null) {
      file.last = job;
    }
  }

  private static void renameAll(Collection<PendingFile> renamed, RemotePath from, RemotePath to) {
    for (PendingFile file : renamed) {
      for (RemotePath name : List.copyOf(file.names)) {
        if (name.startsWith(from)) {
          file.rename(name, name.rebase(from, to));
        }
      }
    }
  }

  private static Base baseOf(@Nullable Name name, FileAttrs seen) {
    if (name == null) {
      return new Base.Seen(seen);
    }
    PendingFile file = name.file();
    return file == null ? new Base.Ours() : new Base.Left(file);
  }

  /** The last name of something is going: what the runtime has there by then. */
  private Base leave(RemotePath path, FileAttrs seen) {
    for (PendingFile opened : open.values()) {
      opened.names.remove(path);
    }
    Name name = names.get(path);
    if (name == null) {
      return new Base.Seen(seen);
    }
    PendingFile file = name.file();
    if (file == null) {
      Job made = name.job();
      if (made.kind == Kind.SYMLINK && made.path.equals(path) && made.isOpen()) {
        jobs.remove(made);
        return new Base.Nothing();
      }
      return new Base.Ours();
    }
    file.names.remove(path);
    Job last = file.last;
    if (!file.names.isEmpty()) {
      file.attrs = withLinks(file.attrs, -1);
      return new Base.Ours();
    }
    if (last != null && last.kind == Kind.WRITE && last.path.equals(path) && last.isOpen()) {
      jobs.remove(last);
      file.last = null;
      files.remove(file.number);
      return isNothing(last.base) ? new Base.Nothing() : last.base;
    }
    return new Base.Left(file);
  }

  private static boolean isNothing(Base base) {
    return base instanceof Base.Nothing
        || (base instanceof Base.Left left && left.file().remote == null && left.file().jobs == 0);
  }

  /** What was made here and is gone again: what earlier jobs leave there is what counts. */
  private void clear(RemotePath path) {
    Job earlier = jobs.lastAt(path);
    if (earlier == null) {
      names.remove(path);
    } else {
      names.put(path, Name.gone(earlier));
    }
  }

  private Layer writable(PendingFile file, Event.Moment moment) {
    Job last = file.last;
    if (last != null && last.kind == Kind.WRITE && last.isOpen() && last.layer != null) {
      grew(last, moment);
      return last.layer;
    }
    if (file.path() == null) {
      Layer only = file.layers.peekLast();
      if (only == null) {
        only = new Layer(file.attrs.sizeBytes());
        file.layers.add(only);
      }
      return only;
    }
    Layer layer = new Layer(file.attrs.sizeBytes());
    write(file, layer, new Base.Left(file), moment);
    return layer;
  }

  /** One more job that carries content, at the end. */
  private Job write(PendingFile file, Layer layer, Base base, Event.Moment moment) {
    RemotePath path = file.path();
    if (path == null) {
      throw new IllegalStateException("a file without a name has no job");
    }
    Job job = job(Kind.WRITE, path, base, moment);
    job.file = file;
    job.layer = layer;
    job.attrs = file.attrs;
    file.layers.add(layer);
    file.last = job;
    jobs.add(job);
    for (RemotePath name : file.names) {
      names.put(name, Name.file(file, job));
    }
    return job;
  }

  private Job job(Kind kind, RemotePath path, Base base, Event.Moment moment) {
    return new Job(jobs.nextNumber(), kind, path, base, moment.atNanos());
  }

  private void grew(Job job, Event.Moment moment) {
    job.changedNanos = moment.atNanos();
    job.changes++;
    if (job.kind == Kind.WRITE) {
      jobs.moveToEnd(job);
    }
  }

  private static AttrChange merge(@Nullable AttrChange old, AttrChange change) {
    return old == null
        ? change
        : new AttrChange(
            null,
            change.permissions() == null ? old.permissions() : change.permissions(),
            change.owner() == null ? old.owner() : change.owner(),
            change.times() == null ? old.times() : change.times());
  }

  static FileAttrs with(FileAttrs attrs, AttrChange change, long nowNanos) {
    FileAttrs after = attrs;
    Integer permissions = change.permissions();
    if (permissions != null) {
      after = after.withPermissions(permissions);
    }
    AttrChange.Owner owner = change.owner();
    if (owner != null) {
      after = after.withOwner(owner.uid(), owner.gid());
    }
    AttrChange.Times times = change.times();
    return times == null
        ? after.withTimes(after.atimeNanos(), after.mtimeNanos(), nowNanos)
        : after.withTimes(times.atimeNanos(), times.mtimeNanos(), nowNanos);
  }

  // What becomes of it.

  void sealed(long number) {
    for (Job job : jobs.all()) {
      if (number == Event.Sealed.ALL || job.number == number) {
        job.sealed = true;
      }
    }
  }

  void staged(long number, RemotePath temporary) {
    staged.put(number, temporary);
  }

  void unstaged(long number) {
    staged.remove(number);
  }

  /** Temporary files on the runtime of jobs that were forgotten, by their number. */
  Map<Long, RemotePath> leftOver() {
    Map<Long, RemotePath> left = new HashMap<>(staged);
    left.keySet().removeIf(number -> jobs.get(number) != null);
    return left;
  }

  void committing(long number) {
    Job job = jobs.get(number);
    if (job != null) {
      job.state = Job.State.COMMITTING;
      job.maybeDone = true;
      jobs.sort(job);
    }
  }

  /** After the journal was read, or the link was lost: what was on its way is to go again. */
  void again(Job job) {
    if (!job.isOver()) {
      job.state = Job.State.WAITING;
      jobs.notShown(job);
      jobs.sort(job);
    }
  }

  void done(long number, @Nullable FileAttrs result) {
    Job job = jobs.get(number);
    if (job == null) {
      return;
    }
    jobs.remove(job);
    staged.remove(number);
    PendingFile file = job.file;
    if (file != null && job.layer != null) {
      file.layers.remove(job.layer);
      file.remoteAt = job.destination();
      file.placedAfter = job.number;
      file.versions++;
    }
    if (job.kind == Kind.RENAME) {
      movedOnRuntime(files.values(), job);
      movedOnRuntime(open.values(), job);
    }
    if (file != null && result != null) {
      file.remote = result;
    }
    settled(job);
  }

  private static void movedOnRuntime(Collection<PendingFile> moved, Job rename) {
    for (PendingFile file : moved) {
      if (file.placedAfter < rename.number && file.remoteAt.startsWith(rename.path)) {
        file.remoteAt = file.remoteAt.rebase(rename.path, rename.destination());
        file.placedAfter = rename.number;
      }
    }
  }

  /** The rename that the runtime may have carried out already, of that file or above it. */
  @Nullable Job moverOf(PendingFile file) {
    for (Job job : jobs.all()) {
      if (job.kind == Kind.RENAME
          && job.state == Job.State.COMMITTING
          && job.number > file.placedAfter
          && file.remoteAt.startsWith(job.path)) {
        return job;
      }
    }
    return null;
  }

  /** Whatever was known only because of that job, the runtime knows now. */
  private void settled(Job job) {
    PendingFile file = job.file;
    if (file != null && file.last == job) {
      file.last = null;
      files.remove(file.number);
    }
    if (relocated) {
      names.all().forEach((path, name) -> removeIfBy(path, name, job));
      relocated = !jobs.isEmpty();
    } else {
      Set<RemotePath> about = new LinkedHashSet<>(job.paths());
      if (file != null) {
        about.addAll(file.names);
      }
      about.forEach(path -> removeIfBy(path, names.get(path), job));
    }
  }

  private void removeIfBy(RemotePath path, @Nullable Name name, Job job) {
    if (name != null && name.job() == job) {
      arrivedElsewhere(path, name);
    }
  }

  private void arrivedElsewhere(RemotePath path, Name name) {
    PendingFile file = name.file();
    names.remove(path);
    if (file != null && file.last != null && file.names.contains(path)) {
      names.put(path, Name.file(file, file.last));
    }
  }

  /** What a job is based on is what another runtime has there; null for nothing. */
  void rebased(long number, @Nullable FileAttrs there) {
    Job job = jobs.get(number);
    if (job == null) {
      return;
    }
    job.maybeDone = false;
    if (job.base instanceof Base.Left left) {
      left.file().remote = there;
    } else {
      job.base = there == null ? new Base.Nothing() : new Base.Seen(there);
    }
  }

  void refused(long number, Errno errno, String reason) {
    Job job = jobs.get(number);
    if (job == null) {
      return;
    }
    job.state = Job.State.REFUSED;
    job.sealed = true;
    job.error = errno;
    job.reason = reason;
    if (job.file != null) {
      job.file.untold = job;
    }
    jobs.sort(job);
    jobs.markHeld();
  }

  void retried() {
    for (Job job : List.copyOf(jobs.all())) {
      if (job.state == Job.State.REFUSED) {
        job.error = null;
        job.reason = null;
        if (job.file != null) {
          job.file.untold = null;
        }
        again(job);
      }
    }
    jobs.markHeld();
  }

  /** What a person would give up with everything at or below that path. */
  Set<Job> touching(RemotePath below) {
    List<Job> touching = jobs.all().stream().filter(job -> job.touches(below)).toList();
    return Jobs.withWaiters(touching);
  }

  void discarded(RemotePath below) {
    Set<Job> going = touching(below);
    Set<RemotePath> touched = new LinkedHashSet<>();
    for (Job job : going) {
      jobs.remove(job);
      touched.addAll(job.paths());
      PendingFile file = job.file;
      if (file != null) {
        if (job.layer != null) {
          file.layers.remove(job.layer);
        }
        file.discarded = true;
        touched.addAll(file.names);
        if (file.last == job) {
          file.last = null;
          files.remove(file.number);
        }
      }
    }
    names
        .all()
        .forEach(
            (path, name) -> {
              if (going.contains(name.job())) {
                touched.add(path);
              }
            });
    touched.forEach(this::rebuild);
    jobs.markHeld();
  }

  /** What the jobs that are left say of a name. */
  private void rebuild(RemotePath path) {
    names.remove(path);
    Job last = jobs.lastAt(path);
    if (last == null) {
      return;
    }
    boolean isTarget = path.equals(last.target);
    PendingFile file = last.file;
    FileAttrs attrs = last.attrs;
    switch (last.kind) {
      case UNLINK, RMDIR -> names.put(path, Name.gone(last));
      case RENAME -> {
        if (!isTarget) {
          names.put(path, Name.gone(last));
        } else if (attrs != null) {
          names.put(path, Name.remote(attrs, last, last));
        }
      }
      case WRITE, SETATTR -> {
        if (file != null) {
          names.put(path, Name.file(file, last));
        } else if (attrs != null) {
          names.put(path, Name.remote(attrs, last, null));
        }
      }
      case MKDIR -> {
        if (attrs != null) {
          names.put(path, Name.directory(attrs, last));
        }
      }
      case SYMLINK -> {
        if (attrs != null && last.text != null) {
          names.put(path, Name.symlink(last.text, attrs, last));
        }
      }
      case LINK -> {
        // the runtime knows both names as soon as it is done
      }
    }
  }

  void conflicted(Event.Conflicted event, Event.Moment moment) {
    Job job = jobs.get(event.job());
    RemotePath copy = event.copy();
    if (job != null && job.file != null && copy != null) {
      follow(job, job.file, copy);
    }
    Instant at =
        Instant.ofEpochSecond(
            Math.floorDiv(moment.atNanos(), NANOS_PER_SECOND),
            Math.floorMod(moment.atNanos(), NANOS_PER_SECOND));
    conflicts.add(new Conflict(event.path(), event.copy(), event.what(), at));
  }

  /** Who has the file open goes on with the copy. */
  private void follow(Job job, PendingFile file, RemotePath copy) {
    RemotePath old = job.destination();
    job.landed = copy;
    file.rename(old, copy);
    Name name = names.get(old);
    if (name != null && name.file() == file) {
      names.remove(old);
      if (file.last != null && file.last != job) {
        names.put(copy, Name.file(file, file.last));
      }
    }
  }

  void dismissed(RemotePath below) {
    conflicts.removeIf(conflict -> conflict.path().startsWith(below));
  }
}
