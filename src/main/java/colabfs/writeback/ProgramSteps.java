package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.writeback.Job.Base;
import colabfs.writeback.Names.Name;
import colabfs.writeback.PendingChange.Kind;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What programs do, carried out on what is pending. Chains collapse while nobody on the runtime can
 * have seen the middle: writes join the job that has not been carried out, a new file that is
 * renamed goes under its last name, one that is removed does not go at all.
 *
 * <p>Threading: guarded by the lock of the {@link Journal} that it belongs to.
 */
final class ProgramSteps {
  private final PendingState state;
  private final Map<Long, PendingFile> files;
  private final Map<Long, PendingFile> open;
  private final Names names;
  private final Jobs jobs;

  ProgramSteps(PendingState state) {
    this.state = state;
    this.files = state.files;
    this.open = state.open;
    this.names = state.names();
    this.jobs = state.jobs();
  }

  void created(Event.Created event, Event.Moment moment) {
    PendingFile file = state.newFile(event.file(), event.path(), event.attrs(), null);
    files.put(file.number, file);
    state.saw(file);
    write(file, new Layer(0), new Base.Nothing(), moment);
  }

  void opened(Event.Opened event) {
    PendingFile file = open.get(event.file());
    if (file == null) {
      file = state.newFile(event.file(), event.path(), event.attrs(), event.attrs());
    }
    files.put(file.number, file);
    state.saw(file);
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
      state.relocated = true;
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
}
