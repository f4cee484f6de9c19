package colabfs.fs;

import colabfs.cache.BlockCache;
import colabfs.cache.KeptContents;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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

  private static final int MAX_CONTENTS = 50_000;

  /** A file longer than this is opened on the runtime, whatever is here of it. */
  private static final long MAX_LOOKED_AT_BYTES = 512L << 20;

  private final RemoteFs remote;
  private final RemoteIdentity identity;
  private final Patience patience;
  private final InstantSource clock;
  private final LongSupplier nanoTime;
  private final LinkWatch link;
  private final Duration timeout;
  private final MetadataCache metadata;
  private final BlockCache cache;
  private final KeptContents kept;
  private final Lookups lookups;
  private final TimeKeeper times;
  private final InodeNumbers numbers;
  private final AtomicLong contentIds = new AtomicLong();
  private final AtomicInteger fetching = new AtomicInteger();
  private final PathTable<Content> contents = new PathTable<>(MAX_CONTENTS);

  @GuardedBy("this")
  private final Map<RemotePath, OpenNode> nodes = new HashMap<>();

  /** How many handles a node has; those whose path is not theirs any more, too. */
  @GuardedBy("this")
  private final Map<OpenNode, Integer> handles = new HashMap<>();

  /**
   * The number under which blocks of one version are cached, and the same on the local disk.
   *
   * @param doubtful the link was down, and what is on the disk may be of another content
   */
  private record Content(long id, Version version, KeptFile kept, boolean doubtful) {
    Content keptAs(KeptFile file) {
      return new Content(id, version, file, doubtful);
    }
  }

  OpenNodes(Environment environment, Lookups lookups, TimeKeeper times, InodeNumbers numbers) {
    this.remote = environment.remote();
    this.identity = environment.identity();
    this.patience = environment.patience();
    this.clock = environment.clock();
    this.nanoTime = environment.nanoTime();
    this.link = environment.link();
    this.timeout = environment.settings().callTimeout();
    this.metadata = environment.metadata();
    this.cache = environment.blocks();
    this.kept = environment.local().contents();
    this.lookups = lookups;
    this.times = times;
    this.numbers = numbers;
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
    Content content = contents.get(path);
    if (version != null && content != null && !isBelieved(content) && !node.hasWriter()) {
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
    OpenNode node = new OpenNode(path, attrs, this, parts(contentOf(path, attrs)));
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
    return fetching.get();
  }

  /** Whether all blocks of the file in that version are here. */
  boolean isCached(RemotePath path, FileAttrs attrs) {
    Content content = known(path, Version.of(attrs));
    KeptFile onDisk = content == null ? fileOf(path, attrs) : content.kept();
    long size = attrs.sizeBytes();
    if (size > MAX_LOOKED_AT_BYTES) {
      return false; // its blocks that are here are found one by one
    }
    for (long block = 0; block * BlockCache.BLOCK_BYTES < size; block++) {
      int length = BlockSource.lengthOf(block, size);
      byte[] bytes = content == null ? null : cache.get(content.id(), block);
      if ((bytes == null || bytes.length < length) && !onDisk.holds(block, length, link.isDown())) {
        return false;
      }
    }
    return true;
  }

  /**
   * A block of the file in that version, from memory or the local disk; null when neither has it.
   */
  byte @Nullable [] cachedBlock(RemotePath path, FileAttrs attrs, long block) {
    int length = BlockSource.lengthOf(block, attrs.sizeBytes());
    Content content = known(path, Version.of(attrs));
    byte[] bytes = content == null ? null : cache.get(content.id(), block);
    if (bytes == null || bytes.length < length) {
      KeptFile onDisk = content == null ? fileOf(path, attrs) : content.kept();
      return onDisk.block(block, length, link.isDown());
    }
    return bytes.length == length ? bytes : Arrays.copyOf(bytes, length);
  }

  /** Nothing that is cached is of the runtime that answers now. */
  synchronized void forgetContents() {
    contents.clear();
    cache.clear();
  }

  private @Nullable Content known(RemotePath path, Version version) {
    Content content = contents.get(path);
    if (content == null || !content.version().equals(version) || !isBelieved(content)) {
      return null;
    }
    return content.kept().isVoid() ? content.keptAs(fileOf(path, version)) : content;
  }

  /** What was only good enough while the link was down is not when it is up. */
  private boolean isBelieved(Content content) {
    return !content.doubtful() || link.isDown();
  }

  private KeptFile fileOf(RemotePath path, FileAttrs attrs) {
    return fileOf(path, Version.of(attrs));
  }

  private KeptFile fileOf(RemotePath path, Version version) {
    return kept.file(path, version.sizeBytes(), version.mtimeSeconds());
  }

  /** Whether something of the file in that version is here, or there is nothing to have. */
  boolean isCachedInPart(RemotePath path, FileAttrs attrs) {
    Content content = known(path, Version.of(attrs));
    if (attrs.sizeBytes() == 0 || (content != null && cache.holds(content.id()))) {
      return true;
    }
    KeptFile onDisk = content == null ? fileOf(path, attrs) : content.kept();
    int first = BlockSource.lengthOf(0, attrs.sizeBytes());
    return onDisk.holds(0, first, link.isDown());
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
    kept.forget(link);
    metadata.created(link, attrs);
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
    metadata.changed(path, attrs);
    lookups.sawOwnChange(path);
    for (RemotePath other : numbers.otherNames(path)) {
      metadata.changed(other, attrs); // the last that is known, for when the link is down
      metadata.invalidate(other);
      lookups.forget(other);
    }
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
    kept.renamed(from, to);
    if (tree) {
      contents.renamedTree(from, to);
    } else {
      contents.renamed(from, to);
    }
    times.renamed(from, to, tree);
    metadata.renamed(from, to);
    lookups.renamed(from, to, tree);
    moving.forEach(node -> node.setPath(node.path().rebase(from, to)));
    keepMovedLocked(to, moving);
    return moving;
  }

  /**
   * The content at a name is about to be another, or to go: what is kept of it beyond this process
   * goes first, since a later one could take it for what is to come. May wait for the local disk.
   */
  void contentGoes(RemotePath path) {
    kept.forget(path);
    numbers.otherNames(path).forEach(kept::forget);
  }

  /** The times of a file were set by path, its content is what it was. */
  synchronized void retimed(RemotePath path, Version before, Version now) {
    kept.retimed(path, before.sizeBytes(), before.mtimeSeconds(), now.mtimeSeconds());
    Content content = contents.get(path);
    if (content != null && content.version().equals(before) && nodes.get(path) == null) {
      contents.put(path, new Content(content.id(), now, fileOf(path, now), content.doubtful()));
    }
  }

  /** What was on its way to the disk under an old name, or open under it, is kept under the new. */
  @GuardedBy("this")
  private void keepMovedLocked(RemotePath to, List<OpenNode> moved) {
    for (OpenNode node : moved) {
      if (node.blocks().kept() != null && !node.isDirty()) {
        node.blocks().keepOwn(fileOf(node.path(), node.attrs()), node.size());
      }
    }
    Content content = contents.get(to);
    if (content != null && !nodes.containsKey(to)) {
      KeptFile file = fileOf(to, content.version());
      contents.put(to, content.keptAs(file));
      BlockSource.keep(cache, content.id(), content.version().sizeBytes(), file);
    }
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
      contentGoes(node.path());
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
      node.blocks().keepOwn(fileOf(node.path(), node.attrs()), node.size());
      keepContent(node);
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
      node.blocks().keepAs(fileOf(path, node.attrs()));
    }
    keepContent(node);
    if (metadata.lookup(path) instanceof Lookup.Known known
        && !Version.of(known.attrs()).equals(version)) {
      metadata.changed(path, node.attrs()); // the open file's word is the later one
    }
  }

  @GuardedBy("this")
  private void keepContent(OpenNode node) {
    KeptFile file = node.blocks().kept();
    if (file != null) {
      contents.put(
          node.path(),
          new Content(node.blocks().contentId(), Version.of(node.attrs()), file, false));
    }
  }

  private OpenNode.Parts parts(Content content) {
    return new OpenNode.Parts() {
      @Override
      public RemoteReader reader(OpenNode node) {
        return new RemoteReader(() -> openToRead(node), node::opened);
      }

      @Override
      public BlockSource blocks(RemoteReader reader) {
        return new BlockSource(
            cache,
            reader,
            contentIds::incrementAndGet,
            nanoTime,
            fetching,
            link::isDown,
            content.id(),
            content.kept());
      }
    };
  }

  private CompletableFuture<RemoteFile> openToRead(OpenNode node) {
    return node.isDetached()
        ? CompletableFuture.failedFuture(
            new FsException(Errno.ESTALE, node.path() + " is another file now"))
        : remote.open(node.path(), Set.of(OpenFlag.READ), 0);
  }

  private Content contentOf(RemotePath path, FileAttrs attrs) {
    Version version = Version.of(attrs);
    Content known = known(path, version);
    if (known != null) {
      return known;
    }
    Content other = contents.get(path);
    if (other != null) {
      cache.drop(other.id());
    }
    KeptFile file = fileOf(path, attrs);
    boolean doubtful = link.isDown() && file.isDoubtful();
    Content content = new Content(contentIds.incrementAndGet(), version, file, doubtful);
    contents.put(path, content);
    return content;
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
    kept.forget(path);
    Content known = contents.remove(path);
    if (known != null && !nodes.containsKey(path)) {
      cache.drop(known.id());
    }
  }
}
