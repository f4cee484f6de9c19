package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import org.jspecify.annotations.Nullable;

/**
 * One step in the life of what is pending: something that a program changed, or something that
 * became of it. The journal is the list of them, and what is pending is what comes out when they
 * are carried out in order: {@link PendingState}.
 */
sealed interface Event {

  void applyTo(PendingState state, Moment moment);

  /**
   * When and where it was recorded.
   *
   * @param atNanos nanoseconds since the epoch
   * @param position of written bytes in the journal
   */
  record Moment(long atNanos, long position) {}

  // What programs do.

  /** A new and empty file. */
  record Created(long file, RemotePath path, FileAttrs attrs) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().created(this, moment);
    }
  }

  /** A file of the runtime is about to be changed; its attributes as they were then. */
  record Opened(long file, RemotePath path, FileAttrs attrs) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().opened(this);
    }
  }

  /** Bytes, which follow the event in the journal. */
  record Wrote(long file, long offset, int length) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().wrote(this, moment);
    }

    WroteGone gone() {
      return new WroteGone(file, offset, length);
    }
  }

  /**
   * Bytes that are needed no more: they went from the journal when it was made smaller. What comes
   * after it makes sure that nothing reads them.
   */
  record WroteGone(long file, long offset, int length) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state
          .programs()
          .wrote(new Wrote(file, offset, length), new Moment(moment.atNanos(), Layer.NOWHERE));
    }
  }

  /** A new length. */
  record Cut(long file, long sizeBytes) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().cut(this, moment);
    }
  }

  /** Attributes of a file by its number; never a length. */
  record FileSet(long file, AttrChange change) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().fileSet(this, moment);
    }
  }

  /** Attributes of a name, and what they are after it; never a length. */
  record NameSet(RemotePath path, AttrChange change, FileAttrs after) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().nameSet(this, moment);
    }
  }

  record MadeDirectory(RemotePath path, FileAttrs attrs) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().madeDirectory(this, moment);
    }
  }

  record MadeSymlink(RemotePath path, String text, FileAttrs attrs) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().madeSymlink(this, moment);
    }
  }

  /** A second name of a file. */
  record Linked(RemotePath existing, RemotePath link, FileAttrs attrs) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().linked(this, moment);
    }
  }

  /** A name that is no directory's is gone; what it was. */
  record Removed(RemotePath path, FileAttrs attrs) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().removed(this, moment);
    }
  }

  record RemovedDirectory(RemotePath path) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().removedDirectory(this, moment);
    }
  }

  /**
   * A name moved.
   *
   * @param attrs what moved
   * @param over what was in its way, or null
   */
  record Renamed(RemotePath from, RemotePath to, FileAttrs attrs, @Nullable FileAttrs over)
      implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.programs().renamed(this, moment);
    }
  }

  // What becomes of it.

  /**
   * Nothing joins a change any more, as it is to go now.
   *
   * @param job its number, or {@link #ALL}
   */
  record Sealed(long job) implements Event {
    static final long ALL = 0;

    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().sealed(job);
    }
  }

  /** A temporary file is about to be made on the runtime. */
  record Staged(long job, RemotePath temporary) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().staged(job, temporary);
    }
  }

  /** A temporary file of a job that was forgotten is gone. */
  record Unstaged(long job) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().unstaged(job);
    }
  }

  /** The runtime is about to be changed: from here on it may have been. */
  record Committing(long job) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().committing(job);
    }
  }

  /** It has arrived; what the runtime has now, where that was asked. */
  record Done(long job, @Nullable FileAttrs result) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().done(job, result);
    }
  }

  /**
   * The runtime that it was based on is gone; what another has in that place, or null for nothing.
   */
  record Rebased(long job, @Nullable FileAttrs there) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().rebased(job, there);
    }
  }

  /** The runtime refused it. */
  record Refused(long job, Errno errno, String reason) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().refused(job, errno, reason);
    }
  }

  /** What was refused is to be tried again. */
  record Retried() implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().retried();
    }
  }

  /** A person gave up all that is pending at or below the path. */
  record Discarded(RemotePath below) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().discarded(below);
    }
  }

  /** This side's version, which that job carries, met somebody else's. */
  record Conflicted(long job, RemotePath path, @Nullable RemotePath copy, String what)
      implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().conflicted(this, moment);
    }
  }

  /** A person has seen the conflicts at or below the path. */
  record Dismissed(RemotePath below) implements Event {
    @Override
    public void applyTo(PendingState state, Moment moment) {
      state.outcomes().dismissed(below);
    }
  }
}
