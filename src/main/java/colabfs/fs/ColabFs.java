package colabfs.fs;

import colabfs.cache.BlockCache;
import colabfs.cache.MetadataCache;
import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.remote.LinkState;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemotePermissions;
import colabfs.remote.RemoteTree;
import colabfs.writeback.KnownNames;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A runtime's files as a mounted file system: cached, prefetched, written through. Each call is
 * handed to the part that knows it; here is what all calls have in common.
 *
 * <p>Threading: any thread; every call ends within the settings' {@code callTimeout} and a little.
 * Durability: what flush or fsync answered without an error is on the runtime. Errors: see {@link
 * Edge}.
 */
public final class ColabFs implements FileSystem, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ColabFs.class.getName());

  private final FsSettings settings;
  private final Local local;
  private final MetadataCache metadata;
  private final BlockCache blocks;
  private final Lookups lookups;
  private final OpenNodes nodes;
  private final Appearance appearance;
  private final OwnerMap owners;
  private final LinkText linkText;
  private final RemotePermissions permissions;
  private final Opening opening;
  private final Changes changes;
  private final boolean servesWholeRuntime;
  private final Space space;
  private final @Nullable Prefetch prefetch;
  private final Environment environment;
  private final TimeKeeper times;

  /** What the helper on the runtime tells; there is none until it is used. */
  private volatile @Nullable Helper helper;

  /**
   * A file system of one mount.
   *
   * @param remote the mounted root
   * @param wholeRuntime the runtime's own root, for links that lead out of the mounted one; null
   *     leaves these dangling
   * @param local what is known on this machine
   * @param link whether the runtime can be asked now; while it cannot, what was known last is
   *     shown, and calls that need more wait for it as long as they may
   */
  public ColabFs(
      RemoteFs remote,
      @Nullable RemoteFs wholeRuntime,
      Local local,
      LinkState link,
      RemoteIdentity identity,
      FsSettings settings,
      InstantSource clock) {
    this(remote, wholeRuntime, local, link, identity, settings, clock, System::nanoTime);
  }

  ColabFs(
      RemoteFs remote,
      @Nullable RemoteFs wholeRuntime,
      Local local,
      LinkState link,
      RemoteIdentity identity,
      FsSettings settings,
      InstantSource clock,
      LongSupplier nanoTime) {
    this.settings = settings;
    this.local = local;
    this.servesWholeRuntime = wholeRuntime != null;
    this.metadata =
        new MetadataCache(
            settings.metadataEntries(), settings.metadataTtl(), nanoTime, local.names());
    this.blocks = new BlockCache(settings.blockCacheBytes());
    Patience patience = new Patience(settings.callTimeout());
    this.environment =
        new Environment(
            wholeRuntime == null ? remote : new RuntimeTrees(remote, wholeRuntime),
            identity,
            settings,
            patience,
            clock,
            nanoTime,
            metadata,
            blocks,
            local,
            new LinkWatch(link));
    this.times = new TimeKeeper();
    InodeNumbers numbers = new InodeNumbers();
    this.lookups = new Lookups(environment);
    this.nodes = new OpenNodes(environment, lookups, times, numbers);
    this.owners = new OwnerMap(identity, settings);
    this.appearance = new Appearance(nodes, times, owners, numbers);
    this.linkText = new LinkText(settings.remoteRoot(), settings.mountpoint());
    this.permissions = new RemotePermissions(identity);
    NewNames newNames = new NewNames(environment, lookups);
    NameLocks locks = new NameLocks(patience);
    this.opening = new Opening(environment, lookups, nodes, appearance, newNames, locks);
    this.changes = new Changes(environment, lookups, nodes, times, newNames, locks);
    this.space = new Space(environment);
    this.prefetch =
        settings.prefetch() ? new Prefetch(lookups, environment, nodes::fetching) : null;
  }

  /**
   * From now on a helper on the runtime is asked for what it can tell, and what it tells of changes
   * is passed on.
   *
   * @param tree with what is pending laid over it
   */
  public void use(RemoteTree tree, KernelCache kernel) {
    helper = new Helper(environment, tree, kernel, lookups, nodes, times, opening);
  }

  // Looking.

  @Override
  public FileAttrs getattr(RemotePath path) throws FsException {
    return Edge.call(
        () -> {
          checkName(path);
          OpenNode node = nodes.get(path);
          if (node != null) {
            node.lookSoon();
          }
          return appearance.of(
              path, node != null && node.isDirty() ? node.attrs() : lookups.attrs(path));
        });
  }

  @Override
  public List<DirEntry> readdir(RemotePath directory) throws FsException {
    return Edge.call(
        () -> {
          List<DirEntry> listing = lookups.list(directory);
          boolean beside = servesWholeRuntime && directory.startsWith(RuntimeTrees.SIDE);
          if (prefetch != null && !beside) {
            prefetch.entered(
                directory, listing.stream().filter(entry -> !isSide(directory, entry)).toList());
          }
          List<DirEntry> shown = new ArrayList<>(listing.size());
          for (DirEntry entry : listing) {
            if (isSide(directory, entry)) {
              continue;
            }
            RemotePath path = directory.child(entry.name());
            shown.add(new DirEntry(entry.name(), appearance.of(path, entry.attrs())));
          }
          return shown;
        });
  }

  /** The directory that is there for links to lead to, and not listed. */
  private boolean isSide(RemotePath directory, DirEntry entry) {
    return servesWholeRuntime && directory.isRoot() && entry.name().equals(RuntimeTrees.SIDE_NAME);
  }

  @Override
  public String readlink(RemotePath link) throws FsException {
    return Edge.call(() -> linkText.shown(link, lookups.readlink(link)));
  }

  @Override
  public void access(RemotePath path, int mask) throws FsException {
    Edge.run(
        () -> {
          FileAttrs attrs = lookups.attrs(path);
          if (settings.readOnly() && (mask & RemotePermissions.WRITE) != 0) {
            throw new FsException(Errno.EROFS, path + ": mounted read-only");
          }
          if (!permissions.allows(attrs, mask)) {
            throw new FsException(Errno.EACCES, path + ": permission denied");
          }
        });
  }

  @Override
  public FsStats statfs(RemotePath path) throws FsException {
    return Edge.call(() -> space.statfs(path));
  }

  /** What is being written is not: its attributes are not settled. */
  @Override
  public boolean isWatched(RemotePath path) {
    RemotePath directory = path.parent() == null ? path : path.parent();
    if (helper == null || !metadata.isWatched(directory)) {
      return false;
    }
    OpenNode node = nodes.get(path);
    return node == null || !node.isBeingWritten();
  }

  // Files.

  @Override
  public FileHandle open(RemotePath path, OpenMode mode) throws FsException {
    return Edge.call(
        () -> {
          if (!mode.write() && !mode.truncate()) {
            return opening.open(path, mode);
          }
          checkChange(path);
          return changing(path, () -> opening.open(path, mode));
        });
  }

  @Override
  public FileHandle create(RemotePath path, int filePermissions, OpenMode mode) throws FsException {
    return Edge.call(
        () -> {
          checkChange(path);
          return changing(path, () -> opening.create(path, filePermissions, mode));
        });
  }

  // Changes.

  @Override
  public void mkdir(RemotePath directory, int directoryPermissions) throws FsException {
    change(directory, () -> changes.mkdir(directory, directoryPermissions));
  }

  @Override
  public void rmdir(RemotePath directory) throws FsException {
    change(directory, () -> changes.rmdir(directory));
  }

  @Override
  public void unlink(RemotePath file) throws FsException {
    change(file, () -> changes.unlink(file));
  }

  @Override
  public void rename(RemotePath from, RemotePath to) throws FsException {
    change(
        to,
        () ->
            changing(
                from,
                () -> {
                  changes.rename(from, to);
                  return true;
                }));
  }

  @Override
  public void hide(RemotePath file, RemotePath hidden) throws FsException {
    change(hidden, () -> changes.hide(file, hidden));
  }

  @Override
  public void symlink(String target, RemotePath link) throws FsException {
    change(link, () -> changes.symlink(linkText.stored(link, target), link));
  }

  @Override
  public void link(RemotePath existing, RemotePath link) throws FsException {
    change(link, () -> changes.link(existing, link));
  }

  @Override
  public void chmod(RemotePath path, int newPermissions) throws FsException {
    change(path, () -> changes.chmod(path, newPermissions));
  }

  @Override
  public void chown(RemotePath path, int uid, int gid) throws FsException {
    int storedUid = uid == -1 ? -1 : owners.storedUid(uid);
    int storedGid = gid == -1 ? -1 : owners.storedGid(gid);
    change(path, () -> changes.chown(path, storedUid, storedGid));
  }

  @Override
  public void truncate(RemotePath path, long sizeBytes) throws FsException {
    change(path, () -> changes.truncate(path, sizeBytes));
  }

  @Override
  public void utimens(RemotePath path, AttrChange.Times times) throws FsException {
    change(path, () -> changes.utimens(path, times));
  }

  // The mount as a whole.

  /** What is known here without asking, for write-back to judge changes by. */
  public KnownNames knownNames() {
    return new KnownNames() {
      @Override
      public @Nullable FileAttrs known(RemotePath path) throws FsException {
        return lookups.atHand(path);
      }

      @Override
      public @Nullable FileAttrs last(RemotePath path) throws FsException {
        return lookups.last(path);
      }

      @Override
      public <T> CompletableFuture<T> whileUp(CompletableFuture<T> answer) {
        return lookups.whileUp(answer);
      }

      @Override
      public @Nullable List<DirEntry> knownListing(RemotePath directory) {
        return lookups.listingAtHand(directory);
      }

      @Override
      public void changed(RemotePath path) {
        local.contents().forgetTree(path);
        metadata.invalidateTree(path);
        lookups.forget(path);
        kernelForgets(path);
      }
    };
  }

  /**
   * Waits until everything written so far is acknowledged by the runtime. Errors: the first one
   * that no program was told yet; the program is told all the same.
   */
  public void drain() throws FsException {
    Edge.run(
        () -> {
          FsException first = null;
          for (OpenNode node : nodes.all()) {
            try {
              node.writes().settle();
            } catch (FsException e) {
              first = first == null ? e : first;
            }
          }
          if (first != null) {
            throw first;
          }
        });
  }

  /**
   * Something was done on the runtime: whatever it changed shows from now on. What the helper tells
   * of is known by then, and the rest is looked at again.
   *
   * @param told the helper has told of it already; else that is waited for
   */
  public void lookAgain(boolean told) {
    Helper helped = helper;
    if (helped == null || !helped.caughtUp(told)) {
      invalidateAll();
      return;
    }
    lookups.forgetUnwatched();
    space.forget();
  }

  /**
   * Somebody else may have changed anything: the next look at each name asks the runtime. While
   * that cannot be asked, what was known is shown all the same.
   */
  public void invalidateAll() {
    lookups.forgetAll();
    space.forget();
    if (prefetch != null) {
      prefetch.reset();
    }
    kernelForgets(RemotePath.ROOT);
  }

  private void kernelForgets(RemotePath top) {
    Helper helped = helper;
    if (helped != null) {
      helped.kernelForgets(top);
    }
  }

  /**
   * Fetches every small file at and below a path, as far as it fits into the caches. Waits for the
   * network, as long as something comes.
   *
   * @param maxFileBytes longer files are left out; more than {@link WarmReport#MAX_FILE_BYTES}
   *     counts as that
   * @throws FsException EINTR when it was given up, ENOTCONN when the link or the helper is not
   *     there or went, ENOSPC when the local disk takes no more; what was fetched stays
   */
  public WarmReport warm(RemotePath top, long maxFileBytes, WarmReport.Progress progress)
      throws FsException {
    Helper helped = helper;
    if (helped == null) {
      throw new FsException(Errno.ENOTCONN, "there is no helper on the runtime");
    }
    return helped.warm(top, maxFileBytes, progress);
  }

  /** What is known of the tree without asking. */
  public KnownTree knownTree() {
    return new CachedTree(metadata, lookups, nodes);
  }

  /** Another runtime answers, and is taken as it is: nothing of what was known is shown of it. */
  public void forgetRuntime() {
    Helper helped = helper;
    if (helped != null) {
      helped.forgetRuntime();
    }
    kernelForgets(RemotePath.ROOT);
    lookups.forgetRuntime();
    nodes.forgetContents();
    space.forget();
    if (prefetch != null) {
      prefetch.reset();
    }
  }

  /** How full the caches are. */
  public CacheFigures figures() {
    return new CacheFigures(
        metadata.entries(),
        metadata.listings(),
        blocks.bytes(),
        nodes.all().stream().mapToLong(node -> node.writes().unsentBytes()).sum(),
        nodes.count());
  }

  /** Sends what is unsent and gives every remote handle back; errors are logged. */
  @Override
  public void close() {
    for (OpenNode node : nodes.all()) {
      try {
        node.writes().flush(false);
        node.writes().settle();
      } catch (FsException e) {
        LOG.log(System.Logger.Level.ERROR, "Unsent writes of {0} are lost: {1}", node.path(), e);
      }
      try {
        node.close();
      } catch (FsException e) {
        LOG.log(System.Logger.Level.WARNING, "Closing {0} failed: {1}", node.path(), e);
      }
    }
    blocks.clear();
    Helper helped = helper;
    if (helped != null) {
      helped.close();
    }
  }

  private void change(RemotePath path, Edge.Action action) throws FsException {
    Edge.run(
        () -> {
          checkChange(path);
          changing(
              path,
              () -> {
                action.run();
                return true;
              });
        });
  }

  /** What is told of the name meanwhile waits. */
  @CanIgnoreReturnValue
  private <T> T changing(RemotePath path, Edge.Call<T> action) throws FsException {
    lookups.changeBegins(path);
    try {
      return action.run();
    } finally {
      lookups.changeEnded(path);
    }
  }

  private void checkChange(RemotePath path) throws FsException {
    if (settings.readOnly()) {
      throw new FsException(Errno.EROFS, path + ": mounted read-only");
    }
    checkName(path);
  }

  private static void checkName(RemotePath path) throws FsException {
    if (path.nameLengthBytes() > RemotePath.NAME_MAX_BYTES) {
      throw new FsException(Errno.ENAMETOOLONG, path + ": file name too long");
    }
  }
}
