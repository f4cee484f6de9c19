package colabfs.remote;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * A runtime's files in memory: the tests' {@link RemoteFs}, which keeps the contract that {@link
 * RemoteFsContract} writes down, counts what it is asked, and fails or waits when told to.
 *
 * <p>Answers come on the caller's own thread, before the call returns, unless they are held. What a
 * held call does is done when it is made ({@link #holdAnswers}) or when it is let go ({@link
 * #holdRequests}). Times are whole seconds of the clock, as SFTP brings them. Permissions are kept
 * but not enforced.
 *
 * <p>Threading: any thread.
 */
public final class FakeRemoteFs implements RemoteFs {

  /** What can be counted and made to fail. */
  public enum Op {
    LSTAT,
    LIST,
    READLINK,
    OPEN,
    MKDIR,
    RMDIR,
    UNLINK,
    RENAME,
    RENAME_NEW,
    SYMLINK,
    LINK,
    SETATTR,
    STATVFS,
    READ,
    WRITE,
    FSYNC,
    FSTAT,
    FSETATTR,
    CLOSE;

    boolean changes() {
      return switch (this) {
        case LSTAT, LIST, READLINK, STATVFS, READ, FSYNC, FSTAT, CLOSE -> false;
        default -> true;
      };
    }
  }

  private enum Hold {
    NOTHING,
    ANSWERS,
    REQUESTS
  }

  private static final int BLOCK_BYTES = 4096;

  private final FakeTree tree;
  private final Map<Op, Integer> calls = new EnumMap<>(Op.class);
  private final Map<Op, Deque<Errno>> failures = new EnumMap<>(Op.class);
  private final List<Consumer<Boolean>> listeners = new CopyOnWriteArrayList<>();
  private final List<Runnable> seen = new CopyOnWriteArrayList<>();
  private final Deque<FakeCall<?>> held = new ArrayDeque<>();
  private Hold hold = Hold.NOTHING;
  private boolean connected = true;
  private int connection;
  private int openHandles;
  private long capacityBytes = 1L << 40;

  public FakeRemoteFs() {
    this(InstantSource.system());
  }

  public FakeRemoteFs(InstantSource clock) {
    tree = new FakeTree(clock);
  }

  // What a test can do to it.

  /** The next call of that kind, not yet failed otherwise, ends with the error and does nothing. */
  public synchronized void failNext(Op op, Errno errno) {
    failures.computeIfAbsent(op, any -> new ArrayDeque<>()).add(errno);
  }

  /** The link goes: held calls and all later ones end with ENOTCONN, open files are dead. */
  public void disconnect() {
    List<FakeCall<?>> lost;
    synchronized (this) {
      connected = false;
      connection++;
      openHandles = 0;
      lost = new ArrayList<>(held);
      held.clear();
    }
    listeners.forEach(listener -> listener.accept(false));
    lost.forEach(call -> call.fail(Errno.ENOTCONN));
  }

  /** The link goes, and held calls wait for the next, as they do while it is made again. */
  public void disconnectWithHeldCallsWaiting() {
    synchronized (this) {
      connected = false;
    }
    listeners.forEach(listener -> listener.accept(false));
  }

  /** A new connection; open files of the old one stay dead. */
  public void reconnect() {
    synchronized (this) {
      connected = true;
    }
    listeners.forEach(listener -> listener.accept(true));
  }

  /** Tells of {@link #disconnect} and {@link #reconnect}. */
  public LinkState link() {
    return new LinkState() {
      @Override
      public boolean isUp() {
        synchronized (FakeRemoteFs.this) {
          return connected;
        }
      }

      @Override
      public void onChange(Consumer<Boolean> listener) {
        listeners.add(listener);
      }
    };
  }

  /** From now on calls take effect but are not answered until {@link #release}. */
  public synchronized void holdAnswers() {
    hold = Hold.ANSWERS;
  }

  /** From now on calls neither take effect nor are answered until {@link #release}. */
  public synchronized void holdRequests() {
    hold = Hold.REQUESTS;
  }

  /** How many calls wait to be released. */
  public synchronized int held() {
    return held.size();
  }

  /** Lets the oldest held call go and goes on holding; false when there is none. */
  public boolean releaseOne() {
    FakeCall<?> call;
    synchronized (this) {
      call = held.poll();
      if (call == null) {
        return false;
      }
      call.run();
    }
    seen.forEach(Runnable::run);
    call.answer();
    return true;
  }

  /** Stops holding and lets everything go, in the order of the calls. */
  public void release() {
    synchronized (this) {
      hold = Hold.NOTHING;
    }
    while (releaseOne()) {
      // one after the other, each answered before the next takes effect
    }
  }

  /** How many calls of that kind were made, failed ones too. */
  public synchronized int calls(Op op) {
    return calls.getOrDefault(op, 0);
  }

  /** How many calls were made in all. */
  public synchronized int calls() {
    return calls.values().stream().mapToInt(Integer::intValue).sum();
  }

  public synchronized void resetCalls() {
    calls.clear();
  }

  /** Files opened and not closed on this connection. */
  public synchronized int openHandles() {
    return openHandles;
  }

  /** How many bytes all files together may hold before writes end with ENOSPC. */
  public synchronized void capacity(long bytes) {
    capacityBytes = bytes;
  }

  // What somebody else does behind the client's back: not counted, not failed, not held.

  /** Makes or replaces a file's content; missing parents are made. */
  public void put(String path, String content) {
    put(path, content.getBytes(StandardCharsets.UTF_8));
  }

  public void put(String path, byte[] content) {
    RemotePath file = RemotePath.of(path);
    RemotePath parent = file.parent();
    if (parent != null) {
      putDirectory(parent.toString());
    }
    foreign(
        () -> {
          FakeNode node = tree.open(file, EnumSet.of(OpenFlag.CREATE, OpenFlag.TRUNCATE), 0644);
          node.write(0, ByteBuffer.wrap(content));
          return node;
        });
  }

  /** Makes a directory and its parents, where missing. */
  public void putDirectory(String path) {
    RemotePath directory = RemotePath.of(path);
    RemotePath parent = directory.parent();
    if (parent == null || exists(path)) {
      return;
    }
    putDirectory(parent.toString());
    foreign(
        () -> {
          tree.mkdir(directory, 0755);
          return tree;
        });
  }

  public void putLink(String path, String target) {
    foreign(
        () -> {
          tree.symlink(target, RemotePath.of(path));
          return tree;
        });
  }

  /** Removes a file, a link or an empty directory. */
  public void remove(String path) {
    RemotePath gone = RemotePath.of(path);
    foreign(
        () -> {
          if (tree.node(gone).type == FileType.DIRECTORY) {
            tree.rmdir(gone);
          } else {
            tree.unlink(gone);
          }
          return tree;
        });
  }

  public synchronized boolean exists(String path) {
    try {
      tree.node(RemotePath.of(path));
      return true;
    } catch (FsException e) {
      return false;
    }
  }

  public byte[] content(String path) {
    return foreign(() -> tree.node(RemotePath.of(path)).content());
  }

  public String text(String path) {
    return new String(content(path), StandardCharsets.UTF_8);
  }

  /** What is in a directory, also while nobody is connected. */
  public List<DirEntry> entries(String path) {
    return foreign(() -> tree.directory(RemotePath.of(path)).list());
  }

  public FileAttrs attrs(String path) {
    return foreign(() -> tree.node(RemotePath.of(path)).attrs());
  }

  /** Changes attributes, such as the time that tells of a foreign change. */
  public void change(String path, AttrChange change) {
    foreign(
        () -> {
          tree.node(RemotePath.of(path)).change(change);
          return tree;
        });
  }

  private <T> T foreign(FakeCall.Action<T> action) {
    T result;
    try {
      synchronized (this) {
        result = action.run();
      }
    } catch (FsException e) {
      throw new IllegalStateException(e);
    }
    seen.forEach(Runnable::run);
    return result;
  }

  /** What a helper on the runtime does, at one moment. */
  <T> T beside(Beside<T> action) throws FsException {
    synchronized (this) {
      return action.run(tree);
    }
  }

  /** See {@link #beside}. */
  @FunctionalInterface
  interface Beside<T> {
    T run(FakeTree tree) throws FsException;
  }

  /** Is run, without a lock, whenever something may have changed, whoever changed it. */
  void onChange(Runnable look) {
    seen.add(look);
  }

  // The port.

  @Override
  public CompletableFuture<FileAttrs> lstat(RemotePath path) {
    return call(Op.LSTAT, () -> tree.node(path).attrs());
  }

  @Override
  public CompletableFuture<List<DirEntry>> list(RemotePath directory) {
    return call(Op.LIST, () -> tree.directory(directory).list());
  }

  @Override
  public CompletableFuture<String> readlink(RemotePath link) {
    return call(
        Op.READLINK,
        () -> {
          FakeNode node = tree.node(link);
          if (node.type != FileType.SYMLINK) {
            throw FakeTree.failure(Errno.EINVAL, link);
          }
          return node.target;
        });
  }

  @Override
  public CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    return call(
        Op.OPEN,
        () -> {
          FakeNode node = tree.open(path, flags, permissions);
          openHandles++;
          return new FakeFile(this, node, flags, connection);
        });
  }

  @Override
  public CompletableFuture<Void> mkdir(RemotePath directory, int permissions) {
    return effect(Op.MKDIR, () -> tree.mkdir(directory, permissions));
  }

  @Override
  public CompletableFuture<Void> rmdir(RemotePath directory) {
    return effect(Op.RMDIR, () -> tree.rmdir(directory));
  }

  @Override
  public CompletableFuture<Void> unlink(RemotePath file) {
    return effect(Op.UNLINK, () -> tree.unlink(file));
  }

  @Override
  public CompletableFuture<Void> rename(RemotePath from, RemotePath to) {
    return effect(Op.RENAME, () -> tree.rename(from, to));
  }

  @Override
  public CompletableFuture<Void> renameNew(RemotePath from, RemotePath to) {
    return effect(Op.RENAME_NEW, () -> tree.renameNew(from, to));
  }

  @Override
  public CompletableFuture<Void> symlink(String target, RemotePath link) {
    return effect(Op.SYMLINK, () -> tree.symlink(target, link));
  }

  @Override
  public CompletableFuture<Void> link(RemotePath existing, RemotePath link) {
    return effect(Op.LINK, () -> tree.link(existing, link));
  }

  @Override
  public CompletableFuture<Void> setattr(RemotePath path, AttrChange change) {
    return effect(Op.SETATTR, () -> tree.node(path).change(change));
  }

  @Override
  public CompletableFuture<FsStats> statvfs(RemotePath path) {
    return call(
        Op.STATVFS,
        () -> {
          tree.node(path);
          long free = Math.max(0, capacityBytes - tree.usedBytes()) / BLOCK_BYTES;
          return new FsStats(
              BLOCK_BYTES, capacityBytes / BLOCK_BYTES, free, free, 1 << 20, 1 << 19, 255);
        });
  }

  // The path of every call.

  <T> CompletableFuture<T> call(Op op, FakeCall.Action<T> action) {
    return call(op, -1, action);
  }

  CompletableFuture<Void> effect(Op op, FakeCall.Effect effect) {
    return effect(op, -1, effect);
  }

  @SuppressWarnings("NullAway") // a future of Void has no value but null
  CompletableFuture<Void> effect(Op op, int madeOn, FakeCall.Effect effect) {
    return call(
        op,
        madeOn,
        () -> {
          effect.run();
          return (Void) null;
        });
  }

  /** {@code madeOn}: the connection that a handle lives on, or -1 for a call without a handle. */
  <T> CompletableFuture<T> call(Op op, int madeOn, FakeCall.Action<T> action) {
    FakeCall<T> call;
    boolean answered = false;
    synchronized (this) {
      calls.merge(op, 1, Integer::sum);
      Deque<Errno> failing = failures.get(op);
      Errno failure = failing == null ? null : failing.poll();
      if (!connected || (madeOn >= 0 && madeOn != connection)) {
        failure = Errno.ENOTCONN;
      }
      Errno errno = failure;
      call =
          new FakeCall<>(
              errno == null
                  ? action
                  : () -> {
                    throw FakeTree.failure(errno, op);
                  });
      if (hold != Hold.REQUESTS) {
        call.run();
      }
      if (hold != Hold.NOTHING && errno != Errno.ENOTCONN) {
        held.add(call);
      } else {
        call.run();
        answered = true;
      }
    }
    if (op.changes()) {
      seen.forEach(Runnable::run);
    }
    if (answered) {
      call.answer();
    }
    return call.future;
  }

  boolean hasRoomFor(long moreBytes) {
    return tree.usedBytes() + moreBytes <= capacityBytes;
  }

  void handleClosed() {
    openHandles--;
  }
}
