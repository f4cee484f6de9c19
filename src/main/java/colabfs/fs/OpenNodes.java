package colabfs.fs;

import colabfs.cache.KeptContents.KeptFile;
import colabfs.cache.Lookup;
import colabfs.cache.MetadataCache;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.writeback.WriteThrough;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The files that are open, by path, and which cached content belongs to which version of which
 * path. What a path is known to be changes here in one step for nodes, attributes, times, numbers
 * and content, so that a flush that ends while its file is renamed is not told under the old name.
 *
 * <p>Threading: any thread; its monitor is held for a moment only.
 */
final class OpenNodes implements OpenNode.Surroundings {
  /** Most that one file may have written and not acknowledged: seconds of a 50 Mbit/s link. */
  private static final long MAX_UNACKNOWLEDGED_BYTES = 16L << 20;

  private final RemoteFs remote;
  private final RemoteIdentity identity;
  private final Patience patience;
  private final InstantSource clock;
  private final LongSupplier nanoTime;
  private final LinkWatch link;
  private final Duration timeout;
  private final MetadataCache metadata;
  private final Contents contents;
  private final BlockSource.Mount shared;
  private final Lookups lookups;
  private final TimeKeeper times;
  private final InodeNumbers numbers;

  @GuardedBy("this")
  private final Map<RemotePath, OpenNode> nodes = new HashMap<>();

  /** How many handles a node has; those whose path is not theirs any more, too. */
  @GuardedBy("this")
  private final Map<OpenNode, Integer> handles = new HashMap<>();

  OpenNodes(Environment environment, Lookups lookups, TimeKeeper times, InodeNumbers numbers) {
    this.remote = environment.remote();
    this.identity = environment.identity();
    this.patience = environment.patience();
    this.clock = environment.clock();
    this.nanoTime = environment.nanoTime();
    this.link = environment.link();
    this.timeout = environment.settings().callTimeout();
    this.metadata = environment.metadata();
    this.contents = new Contents(environment);
    this.shared =
        new BlockSource.Mount(
            environment.blocks(),
            contents::nextId,
            nanoTime,
            new AtomicInteger(),
            link::isDown,
            new DiskShare(nanoTime));
    this.lookups = lookups;
    this.times = times;
    this.numbers = numbers;
  }

  /** Whether the file of that name is being written here, and what is told of it says nothing. */
  synchronized boolean isBeingWritten(RemotePath path) {
    OpenNode node = nodes.get(path);
    return node != null && node.isBeingWritten();
  }

  /** The open file of that name, for looking at it only. */
  synchronized @Nullable OpenNode get(RemotePath path) {
    return nodes.get(path);
  }

  /** One more handle for the open file of that name, if it is in that version; null when not. */
  synchronized @Nullable OpenNode join(RemotePath path, @Nullable Version version) {
    OpenNode node = nodes.get(path);
    if (node == null || (version != null && !node.isSame(version))) {
      return null;
    }
    if (version != null && !contents.isBelieved(path) && !node.hasWriter()) {
      return null;
    }
    handles.merge(node, 1, Integer::sum);
    return node;
  }

  /**
   * A handle for the file in that version: of the node that is open in it, or of a new one, while
   * the old one goes on without the path.
   */
  synchronized OpenNode joinOrAdd(RemotePath path, FileAttrs attrs) {
    OpenNode open = join(path, Version.of(attrs));
    if (open != null) {
      return open;
    }
    detachLocked(path);
    OpenNode node = new OpenNode(path, attrs, this, parts(contents.of(path, attrs)));
    nodes.put(path, node);
    handles.put(node, 1);
    return node;
  }

  /** A handle for a file that was just made. */
  synchronized OpenNode made(RemotePath path, FileAttrs attrs) {
    detachLocked(path);
    created(path, attrs);
    return joinOrAdd(path, attrs);
  }

  /** One handle less; true when it was the last and the node is the caller's to close. */
  synchronized boolean leave(OpenNode node) {
    int left = handles.merge(node, -1, Integer::sum);
    if (left > 0) {
      return false;
    }
    handles.remove(node);
    nodes.remove(node.path(), node);
    return true;
  }

  /** The file goes with its last handle; false when that is gone already. */
  synchronized boolean hide(RemotePath path) {
    OpenNode node = nodes.get(path);
    if (node == null) {
      return false;
    }
    node.hide();
    return true;
  }

  /** Removes a hidden file whose last handle is gone; waits for the network. */
  void vanish(RemotePath hidden) throws FsException {
    patience.await(remote.unlink(hidden));
    removed(hidden);
  }

  synchronized List<OpenNode> all() {
    return new ArrayList<>(handles.keySet());
  }

  /** Open files at or below that path. */
  synchronized List<OpenNode> below(RemotePath top) {
    return nodes.values().stream().filter(node -> node.path().startsWith(top)).toList();
  }

  synchronized int count() {
    return handles.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Blocks on their way, over all files. */
  int fetching() {
    return shared.fetching().get();
  }

  /**
   * Takes the content of a file that came by itself; false when the file is not known to be so, or
   * is being written.
   */
  synchronized boolean took(RemotePath path, FileAttrs attrs, byte[] content) {
    OpenNode open = nodes.get(path);
    boolean isWritten = open != null && (open.isDirty() || open.hasWriter());
    boolean isKnown =
        metadata.lookup(path) instanceof Lookup.Known known
            && known.attrs().isRegular()
            && Version.of(known.attrs()).equals(Version.of(attrs));
    if (isWritten || !isKnown || content.length != attrs.sizeBytes()) {
      return false;
    }
    contents.take(path, attrs, content);
    return true;
  }

  /** As {@link Contents#block}. */
  byte @Nullable [] cachedBlock(RemotePath path, FileAttrs attrs, long block) {
    return contents.block(path, attrs, block);
  }

  /** Nothing that is cached is of the runtime that answers now. */
  synchronized void forgetContents() {
    contents.clear();
  }

  // Own changes of names.

  synchronized void created(RemotePath path, FileAttrs attrs) {
    numbers.created(path);
    forgetContentLocked(path);
    times.forget(path);
    metadata.created(path, attrs);
    lookups.forget(path);
    lookups.sawOwnChange(path);
  }

  synchronized void linked(RemotePath existing, RemotePath link, FileAttrs attrs) {
    numbers.linked(existing, link);
    contents.goes(link, false);
    metadata.created(link, inexact(attrs));
    metadata.changed(existing, inexact(attrs));
    lookups.sawOwnChange(link);
    times.keep(link, times.shown(existing, attrs));
    lookups.forget(link);
  }

  synchronized void removed(RemotePath path) {
    detachLocked(path);
    numbers.removed(path);
    forgetContentLocked(path);
    times.forget(path);
    metadata.removed(path);
    lookups.forget(path);
  }

  /** Attributes of a name were changed by path. */
  synchronized void changed(RemotePath path, FileAttrs attrs) {
    times.keep(path, attrs);
    metadata.changed(path, inexact(attrs));
    lookups.sawOwnChange(path);
    for (RemotePath other : numbers.otherNames(path)) {
      metadata.changed(other, inexact(attrs)); // the last that is known, for when the link is down
      metadata.invalidate(other);
      lookups.forget(other);
    }
  }

  /** After an own change nobody knows inode and ctime on the runtime. */
  private static FileAttrs inexact(FileAttrs attrs) {
    return attrs.withIdentity(0, attrs.links());
  }

  /** Answers which nodes are to be told that they moved. */
  synchronized List<OpenNode> renamed(RemotePath from, RemotePath to, boolean tree) {
    boolean toIsMissing = metadata.lookup(to) instanceof Lookup.Absent;
    if (numbers.same(from, to) && !toIsMissing) { // names of one file: rename(2) does nothing
      metadata.invalidate(from);
      metadata.invalidate(to);
      return List.of();
    }
    detachLocked(to);
    List<OpenNode> moving =
        nodes.values().stream().filter(node -> node.path().startsWith(from)).toList();
    moving.forEach(node -> nodes.remove(node.path()));
    moving.forEach(node -> nodes.put(node.path().rebase(from, to), node));
    numbers.renamed(from, to);
    forgetContentLocked(to);
    contents.renamed(from, to, tree, nodes.containsKey(to));
    times.renamed(from, to, tree);
    metadata.renamed(from, to);
    if (metadata.lookup(to) instanceof Lookup.Known known) {
      metadata.changed(to, inexact(known.attrs()));
    }
    lookups.renamed(from, to, tree);
    moving.forEach(node -> node.setPath(node.path().rebase(from, to)));
    for (OpenNode node : moving) {
      if (node.blocks().kept() != null && !node.isDirty()) {
        node.blocks().keepOwn(fileOf(node), node.size());
      }
    }
    return moving;
  }

  /** Whether all blocks of the file in that version are here. */
  boolean isCached(RemotePath path, FileAttrs attrs) {
    return contents.holdsAll(path, attrs);
  }

  /** Whether something of the file in that version is here, or there is nothing to have. */
  boolean isCachedInPart(RemotePath path, FileAttrs attrs) {
    return contents.holdsSome(path, attrs);
  }

  /**
   * The content at a name is about to be another, or to go. May wait for the local disk.
   *
   * @param tree and all below
   */
  void contentGoes(RemotePath path, boolean tree) {
    contents.goes(path, tree);
    numbers.otherNames(path).forEach(other -> contents.goes(other, false));
  }

  /** The times of a file were set by path, its content is what it was. */
  synchronized void retimed(RemotePath path, Version before, Version now) {
    contents.retimed(path, before, now, nodes.containsKey(path));
  }

  private KeptFile fileOf(OpenNode node) {
    return contents.file(node.path(), Version.of(node.attrs()));
  }

  /** The file's content is not what is cached for it. */
  synchronized void forgetContent(RemotePath path) {
    forgetContentLocked(path);
  }

  // What nodes are given, and tell.

  @Override
  public Patience patience() {
    return patience;
  }

  @Override
  public InstantSource clock() {
    return clock;
  }

  @Override
  public long nanoTime() {
    return nanoTime.getAsLong();
  }

  @Override
  public boolean isLinkDown() {
    return link.isDown();
  }

  @Override
  public void changing(OpenNode node) {
    node.blocks().changing(node.size());
    if (!node.isDetached()) {
      contentGoes(node.path(), false);
    }
  }

  @Override
  public WriteThrough writer(RemotePath path, RemoteFile file) {
    return new WriteThrough(remote, path, file, MAX_UNACKNOWLEDGED_BYTES, timeout);
  }

  @Override
  public boolean maySetTimes(FileAttrs attrs) {
    return identity.isRoot() || attrs.uid() == identity.uid();
  }

  @Override
  public synchronized void confirmed(OpenNode node) {
    if (!node.isDetached()
        && metadata.lookup(node.path()) instanceof Lookup.Known known
        && known.attrs().equals(node.attrs())) {
      metadata.changed(node.path(), node.attrs()); // looks that were sent before are too old
    }
  }

  @Override
  public synchronized void settled(OpenNode node) {
    if (!node.isDetached()) {
      changed(node.path(), node.attrs());
      node.blocks().keepOwn(fileOf(node), node.size());
      contents.put(node);
    }
  }

  @Override
  public synchronized void unknown(OpenNode node) {
    if (!node.isDetached()) {
      detachLocked(node.path());
      contents.remove(node.path());
      metadata.invalidate(node.path());
      lookups.forget(node.path());
    }
  }

  @Override
  public synchronized void seen(OpenNode node) {
    if (node.isDetached()) {
      return;
    }
    RemotePath path = node.path();
    Version version = Version.of(node.attrs());
    if (node.blocks().kept() == null) {
      node.blocks().keepAs(fileOf(node));
    }
    contents.put(node);
    if (metadata.lookup(path) instanceof Lookup.Known known
        && !Version.of(known.attrs()).equals(version)) {
      metadata.changed(path, node.attrs()); // the open file's word is the later one
    }
  }

  private OpenNode.Parts parts(Contents.Content content) {
    return new OpenNode.Parts() {
      @Override
      public RemoteReader reader(OpenNode node) {
        return new RemoteReader(() -> openToRead(node), node::opened);
      }

      @Override
      public BlockSource blocks(RemoteReader reader) {
        return new BlockSource(shared, reader, content.id(), content.kept());
      }
    };
  }

  private CompletableFuture<RemoteFile> openToRead(OpenNode node) {
    return node.isDetached()
        ? CompletableFuture.failedFuture(
            new FsException(Errno.ESTALE, node.path() + " is another file now"))
        : remote.open(node.path(), Set.of(OpenFlag.READ), 0);
  }

  @GuardedBy("this")
  private void detachLocked(RemotePath path) {
    OpenNode node = nodes.remove(path);
    if (node != null) {
      node.detach();
      contents.remove(path); // its blocks go on with those who have it open
    }
  }

  @GuardedBy("this")
  private void forgetContentLocked(RemotePath path) {
    contents.drop(path, nodes.containsKey(path));
  }
}
