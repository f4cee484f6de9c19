package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.writeback.Job.Base;
import colabfs.writeback.Names.Name;
import colabfs.writeback.PendingChange.Kind;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of what is pending: it is sent, it has arrived, it was refused, somebody gives it
 * up.
 *
 * <p>Threading: guarded by the lock of the {@link Journal} that it belongs to.
 */
final class OutcomeSteps {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final PendingState state;
  private final Map<Long, PendingFile> files;
  private final Map<Long, PendingFile> open;
  private final Names names;
  private final Jobs jobs;
  private final Map<Long, RemotePath> staged;

  OutcomeSteps(PendingState state) {
    this.state = state;
    this.files = state.files;
    this.open = state.open;
    this.names = state.names();
    this.jobs = state.jobs();
    this.staged = state.staged;
  }

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

  void committing(long number) {
    Job job = jobs.get(number);
    if (job != null) {
      job.state = Job.State.COMMITTING;
      job.maybeDone = true;
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

  /** Whatever was known only because of that job, the runtime knows now. */
  private void settled(Job job) {
    PendingFile file = job.file;
    if (file != null && file.last == job) {
      file.last = null;
      files.remove(file.number);
    }
    if (state.relocated) {
      names.all().forEach((path, name) -> removeIfBy(path, name, job));
      state.relocated = !jobs.isEmpty();
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
        state.again(job);
      }
    }
    jobs.markHeld();
  }

  void discarded(RemotePath below) {
    Set<Job> going = state.touching(below);
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
    state.conflicts().add(new Conflict(event.path(), event.copy(), event.what(), at));
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
    state.conflicts().removeIf(conflict -> conflict.path().startsWith(below));
  }
}
