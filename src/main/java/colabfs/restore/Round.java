package colabfs.restore;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.KnownTree;
import colabfs.remote.RemoteFs;
import colabfs.restore.RestoreReport.Item;
import colabfs.restore.RestoreReport.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One comparison of a plan with a runtime, and what comes of it. Threading: one thread. */
final class Round {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final RuntimeView view;
  private final RemoteFs runtime;
  private final KnownTree tree;
  private final Restore.Pending pending;
  private final List<Plan.File> replaced;

  /** What is to be sent. */
  private final Map<RemotePath, Plan.Directory> directories = new TreeMap<>();

  private final List<Plan.Link> links = new ArrayList<>();
  private final List<Plan.File> files = new ArrayList<>();

  /** Changes that are to be based on what is there already: an earlier restore has sent it. */
  private final List<Plan.File> sentBefore = new ArrayList<>();

  private final List<Item> items;

  Round(Plan plan, RuntimeView view, RemoteFs runtime, KnownTree tree, Restore.Pending pending) {
    this.view = view;
    this.runtime = runtime;
    this.tree = tree;
    this.pending = pending;
    this.replaced = plan.replaced;
    this.items = new ArrayList<>(plan.left);
    plan.directories.forEach(this::compare);
    plan.links.forEach(this::compare);
    plan.files.forEach(this::compare);
  }

  private void compare(RemotePath origin, Plan.Directory directory) {
    FileAttrs there = view.at(origin);
    if (view.isBlocked(origin)) {
      note(
          Outcome.DIFFERS,
          FileType.DIRECTORY,
          directory.local(),
          0,
          "the runtime has something else");
    } else if (there == null) {
      directories.put(origin, directory);
    }
  }

  private void compare(Plan.Link link) {
    FileAttrs there = view.at(link.origin());
    if (there == null && !view.isBlocked(link.origin().parent())) {
      links.add(link);
    } else if (there != null && there.isSymlink()) {
      note(Outcome.THERE, FileType.SYMLINK, link.local(), 0, null);
    } else {
      note(Outcome.DIFFERS, FileType.SYMLINK, link.local(), 0, "the runtime has something else");
    }
  }

  private void compare(Plan.File file) {
    FileAttrs there = view.at(file.origin());
    long size = file.attrs().sizeBytes();
    if (there == null && !view.isBlocked(file.origin().parent())) {
      files.add(file);
    } else if (there == null || !there.isRegular()) {
      note(Outcome.DIFFERS, FileType.REGULAR, file.local(), size, "the runtime has something else");
    } else if (file.pending() != null) {
      comparePending(file, there);
    } else if (there.sizeBytes() == size) {
      note(Outcome.THERE, FileType.REGULAR, file.local(), size, null);
    } else {
      note(Outcome.DIFFERS, FileType.REGULAR, file.local(), size, bytes(there) + " there");
    }
  }

  private void comparePending(Plan.File file, FileAttrs there) {
    long size = file.attrs().sizeBytes();
    if (file.pending() != null && isSame(there, file.pending().base())) {
      note(Outcome.THERE, FileType.REGULAR, file.local(), size, null);
    } else if (isSame(there, file.attrs())) {
      sentBefore.add(file);
      note(Outcome.THERE, FileType.REGULAR, file.local(), size, null);
    } else {
      note(
          Outcome.DIFFERS,
          FileType.REGULAR,
          file.local(),
          size,
          bytes(there) + " there; both are kept");
    }
  }

  private static String bytes(FileAttrs there) {
    return there.sizeBytes() + " bytes";
  }

  /** One content, as far as SFTP can tell. */
  private static boolean isSame(FileAttrs one, FileAttrs other) {
    return one.sizeBytes() == other.sizeBytes()
        && Math.floorDiv(one.mtimeNanos(), NANOS_PER_SECOND)
            == Math.floorDiv(other.mtimeNanos(), NANOS_PER_SECOND);
  }

  boolean isNothingToDo() {
    return directories.isEmpty() && links.isEmpty() && files.isEmpty() && sentBefore.isEmpty();
  }

  boolean isWhole() {
    return items.stream().noneMatch(item -> item.outcome() == Outcome.FAILED);
  }

  /** Takes over what a later round did. */
  void add(Round later) {
    later.items.stream()
        .filter(item -> item.outcome() == Outcome.SENT || item.outcome() == Outcome.FAILED)
        .forEach(items::add);
  }

  RestoreReport report(boolean whole) {
    List<Item> all = new ArrayList<>(items);
    directories.forEach(
        (origin, directory) ->
            all.add(new Item(Outcome.SENT, FileType.DIRECTORY, directory.local(), 0, null)));
    links.forEach(link -> all.add(new Item(Outcome.SENT, FileType.SYMLINK, link.local(), 0, null)));
    files.forEach(
        file ->
            all.add(
                new Item(
                    Outcome.SENT, FileType.REGULAR, file.local(), file.attrs().sizeBytes(), null)));
    all.sort(Comparator.comparing(Item::path));
    return new RestoreReport(all, whole);
  }

  /** Sends what is missing; what cannot be is noted, with a reason. */
  void send(Restore.Progress progress) throws FsException {
    Sender sender = new Sender(runtime, tree);
    view.leftOver().forEach(sender::remove);
    Crew crew = new Crew(progress, names(), bytes());
    try {
      makeDirectories(crew, sender);
      for (Plan.Link link : links) {
        crew.add(() -> make(link, sender, crew));
      }
      for (Plan.File file : files) {
        crew.add(() -> send(file, sender, crew));
      }
      crew.await();
      finishDirectories(crew, sender);
      rebase();
    } finally {
      crew.close();
      links.clear();
      files.clear();
      directories.clear();
    }
  }

  private int names() {
    return directories.size() + links.size() + files.size();
  }

  private long bytes() {
    return files.stream().mapToLong(file -> file.attrs().sizeBytes()).sum();
  }

  /** Those of one depth together, as the ones above them are there by then. */
  private void makeDirectories(Crew crew, Sender sender) throws FsException {
    Map<Integer, List<RemotePath>> levels = new TreeMap<>();
    directories
        .keySet()
        .forEach(
            path -> levels.computeIfAbsent(path.depth(), depth -> new ArrayList<>()).add(path));
    for (List<RemotePath> level : levels.values()) {
      for (RemotePath origin : level) {
        Plan.Directory directory = directory(origin);
        crew.add(
            () -> {
              attempt(
                  FileType.DIRECTORY,
                  directory.local(),
                  0,
                  () -> sender.makeDirectory(origin, directory));
              crew.done();
            });
      }
      crew.await();
    }
  }

  private Plan.Directory directory(RemotePath origin) {
    Plan.Directory directory = directories.get(origin);
    return directory == null ? new Plan.Directory(origin, null) : directory;
  }

  private void finishDirectories(Crew crew, Sender sender) throws FsException {
    directories.forEach(
        (origin, directory) -> {
          FileAttrs attrs = directory.attrs();
          if (attrs != null) {
            crew.add(() -> finish(origin, attrs, sender));
          }
        });
    crew.await();
  }

  /** A mode or time that cannot be set loses nothing. */
  private static void finish(RemotePath origin, FileAttrs attrs, Sender sender) throws FsException {
    try {
      sender.finishDirectory(origin, attrs);
    } catch (FsException e) {
      if (e.isConnectionFailure()) {
        throw e;
      }
    }
  }

  private void make(Plan.Link link, Sender sender, Crew crew) throws FsException {
    attempt(FileType.SYMLINK, link.local(), 0, () -> sender.makeLink(link));
    crew.done();
  }

  private void send(Plan.File file, Sender sender, Crew crew) throws FsException {
    attempt(
        FileType.REGULAR,
        file.local(),
        file.attrs().sizeBytes(),
        () -> {
          FileAttrs there = sender.send(file, crew::sent);
          if (file.pending() != null) {
            pending.rebase(file.pending().number(), there);
          }
        });
    crew.done();
  }

  private interface Step {
    void run() throws FsException;
  }

  private void attempt(FileType type, RemotePath local, long bytes, Step step) throws FsException {
    try {
      step.run();
      note(Outcome.SENT, type, local, bytes, null);
    } catch (FsException e) {
      if (e.isConnectionFailure()) {
        throw e;
      }
      boolean isStale = e.errno() == Errno.ESTALE;
      Outcome outcome =
          e.errno() == Errno.EEXIST
              ? Outcome.DIFFERS
              : isStale ? Outcome.NOT_KNOWN : Outcome.FAILED;
      note(outcome, type, local, bytes, e.getMessage());
    }
  }

  private void note(
      Outcome outcome, FileType type, RemotePath local, long bytes, @Nullable String note) {
    synchronized (items) {
      items.add(new Item(outcome, type, local, bytes, note));
    }
  }

  private void rebase() throws FsException {
    for (Plan.File file : sentBefore) {
      if (file.pending() != null) {
        pending.rebase(file.pending().number(), Answers.await(runtime.lstat(file.origin())));
      }
    }
    rebaseWhole();
  }

  /** A change that brings all of a file needs nothing there, when nothing is there. */
  void rebaseWhole() throws FsException {
    for (Plan.File file : replaced) {
      if (file.pending() != null && isMissing(file.origin())) {
        pending.rebase(file.pending().number(), null);
      }
    }
  }

  private boolean isMissing(RemotePath origin) throws FsException {
    try {
      var unused = Answers.await(runtime.lstat(origin));
      return false;
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR) {
        return true;
      }
      throw e;
    }
  }
}
