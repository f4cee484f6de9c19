package colabfs.remote;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A helper on the runtime of a {@link FakeRemoteFs}, in memory: the tests' {@link RemoteTree}. It
 * sees the same files, in full (nanoseconds, inodes, links), tells of every change in the
 * directories that it watches, whoever makes it, and goes, fails or waits when told to.
 *
 * <p>It is there from the beginning, goes when the runtime's link goes, and comes back by {@link
 * #up} only. Answers come on the caller's own thread, before the call returns, unless they are held
 * or another thread is giving out answers; news and answers keep their order.
 *
 * <p>Threading: any thread.
 */
public final class FakeTreeHelper implements RemoteTree {

  /** What can be counted, and made to fail. */
  public enum Op {
    SNAPSHOT,
    CONTENTS,
    DIGESTS,
    PUT,
    MAKE_DIRECTORY,
    REMOVE_DIRECTORY,
    UNLINK,
    RENAME,
    SYMLINK,
    SET_ATTRIBUTES,
    PATCH
  }

  private enum Hold {
    NOTHING,
    ANSWERS,
    REQUESTS
  }

  /** When it goes, by {@link #goDownAt}. */
  public enum Moment {
    /** The next change is not made. */
    BEFORE_A_CHANGE,
    /** Of the next put or patch there is only the temporary file, or a part. */
    IN_A_PUT,
    /** The next change is made, and nobody is told. */
    AFTER_A_CHANGE
  }

  private final FakeRemoteFs runtime;
  private final Map<Op, Integer> calls = new EnumMap<>(Op.class);
  private final Map<Op, Deque<Errno>> failures = new EnumMap<>(Op.class);
  private final List<TreeChange> made = new ArrayList<>();
  private final List<TreeListener> listeners = new CopyOnWriteArrayList<>();
  private final FakeWatches watches = new FakeWatches();
  private final Deque<Runnable> requests = new ArrayDeque<>();
  private final Deque<Runnable> telling = new ArrayDeque<>();
  private final Map<Integer, CompletableFuture<?>> unanswered = new LinkedHashMap<>();
  private final FakeChanges changes;
  private int asked;
  private boolean isTelling;

  /** It goes as soon as its lock is free. */
  private boolean dying;

  private boolean up = true;
  private Hold hold = Hold.NOTHING;
  private @Nullable Moment goingDown;

  public FakeTreeHelper(FakeRemoteFs runtime) {
    this.runtime = runtime;
    this.changes = new FakeChanges(runtime::hasRoomFor);
    runtime.onChange(this::lookAround);
    runtime
        .link()
        .onChange(
            linkUp -> {
              if (!linkUp) {
                down();
              }
            });
  }

  // What a test can do to it.

  /** It goes: all that was asked and not answered ends with ENOTCONN; what waited is not done. */
  public void down() {
    synchronized (this) {
      if (!up) {
        return;
      }
      up = false;
      watches.clear();
      requests.clear();
      telling.clear();
      List<CompletableFuture<?>> lost = List.copyOf(unanswered.values());
      unanswered.clear();
      telling.add(() -> listeners.forEach(TreeListener::down));
      for (CompletableFuture<?> each : lost) {
        telling.add(() -> each.completeExceptionally(gone()));
      }
    }
    tell();
  }

  /** Another one is there, which watches nothing yet. */
  public void up() {
    synchronized (this) {
      if (up || !runtime.link().isUp()) {
        return;
      }
      up = true;
      goingDown = null;
      telling.add(() -> listeners.forEach(TreeListener::up));
    }
    tell();
  }

  /** It goes at that moment of what comes next. */
  public synchronized void goDownAt(Moment moment) {
    goingDown = moment;
  }

  /** The next call of that kind, not yet failed otherwise, ends with the error and does nothing. */
  public synchronized void failNext(Op op, Errno errno) {
    failures.computeIfAbsent(op, any -> new ArrayDeque<>()).add(errno);
  }

  /** Files of others than this user can be written in place only. */
  public synchronized void login(int uid) {
    changes.login(uid);
  }

  /** From now on what is asked is done, and neither answered nor told until {@link #release}. */
  public synchronized void holdAnswers() {
    hold = Hold.ANSWERS;
  }

  /** From now on what is asked is neither done nor answered until {@link #release}. */
  public synchronized void holdRequests() {
    hold = Hold.REQUESTS;
  }

  /** How many requests, or answers and news, wait to be released. */
  public synchronized int held() {
    return requests.size() + (hold == Hold.ANSWERS ? telling.size() : 0);
  }

  /** Lets the oldest that is held go, and goes on holding; false when there is none. */
  public boolean releaseOne() {
    Runnable request;
    Runnable answer;
    synchronized (this) {
      request = requests.poll();
      answer = request == null ? telling.poll() : null;
    }
    if (request != null) {
      request.run();
    } else if (answer != null) {
      answer.run();
    }
    tell();
    return request != null || answer != null;
  }

  /** Stops holding and lets everything go, in order. */
  public void release() {
    synchronized (this) {
      hold = Hold.NOTHING;
    }
    while (releaseOne()) {
      // one after the other
    }
  }

  public synchronized int calls(Op op) {
    return calls.getOrDefault(op, 0);
  }

  /** Every change that was asked for and made, in order. */
  public synchronized List<TreeChange> made() {
    return List.copyOf(made);
  }

  /** Directories of which it tells. */
  public synchronized List<RemotePath> watched() {
    return watches.all();
  }

  /** What it watched at or below may have changed unseen, as when the queue of events overflows. */
  public void lose(RemotePath directory) {
    synchronized (this) {
      watches.drop(directory);
      telling.add(() -> listeners.forEach(listener -> listener.lost(directory)));
    }
    tell();
  }

  // The port.

  @Override
  public synchronized boolean isUp() {
    return up;
  }

  @Override
  public void listen(TreeListener listener) {
    synchronized (this) {
      listeners.add(listener);
      if (up) {
        telling.add(listener::up);
      }
    }
    tell();
  }

  @Override
  public CompletableFuture<Void> caughtUp() {
    synchronized (this) {
      if (!up) {
        return CompletableFuture.failedFuture(gone());
      }
    }
    return CompletableFuture.completedFuture(null); // news are told before a change returns
  }

  @Override
  public CompletableFuture<Boolean> snapshot(
      RemotePath directory, SnapshotBounds bounds, SnapshotSink sink) {
    return ask(
        Op.SNAPSHOT, () -> new FakeSnapshot(bounds, this::watch, telling::add, sink).of(directory));
  }

  private FakeSnapshot.Listing watch(RemotePath directory) throws FsException {
    FakeSnapshot.Listing listing = listing(directory);
    watches.add(listing);
    return listing;
  }

  private FakeSnapshot.Listing listing(RemotePath directory) throws FsException {
    return runtime.beside(
        tree -> {
          List<DirEntry> entries = new ArrayList<>();
          tree.directory(directory)
              .entries
              .forEach((name, node) -> entries.add(new DirEntry(name, node.inFull())));
          return new FakeSnapshot.Listing(directory, entries);
        });
  }

  @Override
  @SuppressWarnings("NullAway") // a future of Void has no value but null
  public CompletableFuture<Void> contents(
      List<RemotePath> files, long maxFileBytes, ContentSink sink) {
    return ask(
        Op.CONTENTS,
        () -> {
          for (RemotePath file : files) {
            try {
              Read read = read(file);
              if (read.content().remaining() > maxFileBytes) {
                throw FakeTree.failure(Errno.EFBIG, file);
              }
              telling.add(() -> sink.content(file, read.attrs(), read.content().array()));
            } catch (FsException e) {
              telling.add(() -> sink.leftOut(file, e.errno()));
            }
          }
          return (Void) null;
        });
  }

  private record Read(FileAttrs attrs, ByteBuffer content) {}

  private Read read(RemotePath file) throws FsException {
    return runtime.beside(
        tree -> {
          FakeNode node = tree.node(file);
          if (node.type != FileType.REGULAR) {
            throw FakeTree.failure(
                node.type == FileType.DIRECTORY ? Errno.EISDIR : Errno.ELOOP, file);
          }
          return new Read(node.inFull(), ByteBuffer.wrap(node.content()));
        });
  }

  @Override
  public CompletableFuture<BlockDigests> digests(RemotePath file, int blockBytes) {
    return ask(
        Op.DIGESTS,
        () -> {
          Read read = read(file);
          List<byte[]> digests = new ArrayList<>();
          for (int from = 0; from < read.content().remaining(); from += blockBytes) {
            int to = Math.min(from + blockBytes, read.content().remaining());
            digests.add(digest(read.content().slice(from, to - from)));
          }
          return new BlockDigests(read.attrs(), digests);
        });
  }

  private static byte[] digest(ByteBuffer block) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(block);
      return Arrays.copyOf(sha.digest(), BlockDigests.DIGEST_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public CompletableFuture<TreeChange.Done> apply(TreeChange change) {
    return ask(
        op(change),
        () -> {
          TreeChange.Done done = runtime.beside(tree -> changes.make(tree, change, this::cutShort));
          made.add(change);
          return done;
        });
  }

  private boolean cutShort() {
    return goingDown == Moment.IN_A_PUT;
  }

  private static Op op(TreeChange change) {
    if (change instanceof TreeChange.Put) {
      return Op.PUT;
    } else if (change instanceof TreeChange.Patch) {
      return Op.PATCH;
    } else if (change instanceof TreeChange.MakeDirectory) {
      return Op.MAKE_DIRECTORY;
    } else if (change instanceof TreeChange.RemoveDirectory) {
      return Op.REMOVE_DIRECTORY;
    } else if (change instanceof TreeChange.Unlink) {
      return Op.UNLINK;
    } else if (change instanceof TreeChange.Rename) {
      return Op.RENAME;
    }
    return change instanceof TreeChange.Symlink ? Op.SYMLINK : Op.SET_ATTRIBUTES;
  }

  // The path of every request.

  private <T> CompletableFuture<T> ask(Op op, FakeCall.Action<T> action) {
    CompletableFuture<T> future = new CompletableFuture<>();
    synchronized (this) {
      calls.merge(op, 1, Integer::sum);
      if (!up) {
        return CompletableFuture.failedFuture(gone());
      }
      Deque<Errno> failing = failures.get(op);
      Errno failure = failing == null ? null : failing.poll();
      FakeCall.Action<T> work =
          failure == null
              ? action
              : () -> {
                throw FakeTree.failure(failure, op);
              };
      int number = ++asked;
      unanswered.put(number, future);
      if (hold == Hold.REQUESTS) {
        requests.add(() -> carryOut(op, work, number, future));
      } else {
        carryOutLocked(op, work, number, future);
      }
    }
    afterwards();
    return future;
  }

  private <T> void carryOut(
      Op op, FakeCall.Action<T> work, int number, CompletableFuture<T> future) {
    synchronized (this) {
      carryOutLocked(op, work, number, future);
    }
    afterwards();
  }

  private <T> void carryOutLocked(
      Op op, FakeCall.Action<T> work, int number, CompletableFuture<T> future) {
    boolean isChange = op.compareTo(Op.PUT) >= 0;
    if (isChange && goingDown == Moment.BEFORE_A_CHANGE) {
      goingDown = null;
      dying = true;
      return;
    }
    Runnable answer = answer(work, future);
    boolean dies =
        isChange
            && (goingDown == Moment.AFTER_A_CHANGE
                || (goingDown == Moment.IN_A_PUT && (op == Op.PUT || op == Op.PATCH)));
    if (dies) {
      goingDown = null;
      dying = true;
      return;
    }
    lookAroundLocked();
    telling.add(
        () -> {
          synchronized (this) {
            unanswered.remove(number);
          }
          answer.run();
        });
  }

  private static <T> Runnable answer(FakeCall.Action<T> work, CompletableFuture<T> future) {
    try {
      T result = work.run();
      return () -> future.complete(result);
    } catch (FsException e) {
      return () -> future.completeExceptionally(e);
    }
  }

  private void afterwards() {
    boolean goes;
    synchronized (this) {
      goes = dying;
      dying = false;
    }
    if (goes) {
      down();
    }
    tell();
  }

  /** Gives out what is to be told, in order, on one thread at a time. */
  private void tell() {
    while (true) {
      Runnable next;
      synchronized (this) {
        next = isTelling || (hold == Hold.ANSWERS && up) ? null : telling.poll();
        if (next == null) {
          return;
        }
        isTelling = true;
      }
      try {
        next.run();
      } finally {
        synchronized (this) {
          isTelling = false;
        }
      }
    }
  }

  private void lookAround() {
    synchronized (this) {
      lookAroundLocked();
    }
    tell();
  }

  /** News of all that is not as it was. */
  private void lookAroundLocked() {
    watches.look(
        this::listing,
        (path, attrs) ->
            telling.add(() -> listeners.forEach(listener -> listener.changed(path, attrs))));
  }

  private static FsException gone() {
    return FakeTree.failure(Errno.ENOTCONN, "the helper went");
  }
}
