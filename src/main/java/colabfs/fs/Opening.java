package colabfs.fs;

import colabfs.cache.BlockCache;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemotePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * How files are opened and made with as few round trips as can be: the remote open and the look at
 * the name are sent together, and neither is waited for where the answer is known. While the link
 * is down, what is known of a file must do, and what is here of it can be read. Threading: any
 * thread; waits for the network.
 */
final class Opening {
  /** Fetched whole as soon as they are opened: little more than a round trip's worth. */
  private static final long SMALL_FILE_BYTES = 256 << 10;

  private static final long MAX_WINDOW_BYTES = 16 << 20;

  private final RemoteFs remote;
  private final Environment environment;
  private final Patience patience;
  private final LinkWatch link;
  private final Lookups lookups;
  private final OpenNodes nodes;
  private final Appearance appearance;
  private final NewNames newNames;
  private final NameLocks locks;
  private final RemotePermissions permissions;
  private volatile @Nullable Packs packs;

  Opening(
      Environment environment,
      Lookups lookups,
      OpenNodes nodes,
      Appearance appearance,
      NewNames newNames,
      NameLocks locks) {
    this.environment = environment;
    this.remote = environment.remote();
    this.patience = environment.patience();
    this.link = environment.link();
    this.lookups = lookups;
    this.nodes = nodes;
    this.appearance = appearance;
    this.newNames = newNames;
    this.locks = locks;
    this.permissions = new RemotePermissions(environment.identity());
  }

  /** From now on small files come from there where they can. */
  void use(Packs helped) {
    packs = helped;
  }

  /** See {@link FileSystem#open}. */
  FileHandle open(RemotePath path, OpenMode mode) throws FsException {
    FileAttrs known = lookups.atHand(path);
    if (known != null) {
      requireRegular(path, known);
    }
    try {
      return handle(
          mode.write()
              ? locks.with(path, () -> openToWrite(path, mode, known))
              : openToRead(path, known),
          mode);
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT) {
        forget(path); // somebody else removed it: the next look must not be told of it
      }
      throw e;
    }
  }

  private void forget(RemotePath path) {
    environment.metadata().forget(path);
    lookups.forget(path);
  }

  /** See {@link FileSystem#create}. */
  FileHandle create(RemotePath path, int filePermissions, OpenMode mode) throws FsException {
    FileAttrs known;
    try {
      known = lookups.atHand(path);
    } catch (FsException absent) {
      known = null;
    }
    if (known == null) {
      // Always exclusive, so that nobody's file is taken for a new and empty one.
      try {
        return handle(locks.with(path, () -> make(path, filePermissions, mode)), mode);
      } catch (FsException e) {
        if (e.errno() != Errno.EEXIST) {
          throw e;
        }
        forget(path);
        if (mode.exclusive()) {
          throw e;
        }
      }
    } else if (mode.exclusive()) {
      throw new FsException(Errno.EEXIST, path + ": file exists");
    }
    return open(path, mode);
  }

  private OpenNode make(RemotePath path, int filePermissions, OpenMode mode) throws FsException {
    Set<OpenFlag> flags = EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE);
    if (mode.read()) {
      flags.add(OpenFlag.READ);
    }
    RemoteFile file = patience.await(remote.open(path, flags, filePermissions));
    OpenNode node = nodes.made(path, newNames.attrs(path, FileType.REGULAR, filePermissions));
    return complete(node, () -> node.writes().made(file, mode.read()));
  }

  /** A handle that cannot be completed is given back. */
  private OpenNode complete(OpenNode node, Edge.Action action) throws FsException {
    try {
      action.run();
      return node;
    } catch (FsException e) {
      if (nodes.leave(node)) {
        node.close();
      }
      throw e;
    }
  }

  private OpenNode openToRead(RemotePath path, @Nullable FileAttrs known) throws FsException {
    OpenNode open = nodes.get(path);
    if (open != null && open.isDirty()) {
      OpenNode joined = nodes.join(path, null);
      if (joined != null) {
        return joined;
      }
    }
    if (known != null && link.isDown()) {
      return openAway(path, known);
    }
    try {
      return openAsking(path, known);
    } catch (FsException e) {
      FileAttrs last = e.isConnectionFailure() ? lookups.lastKnown(path) : null;
      if (last != null && nodes.isCachedInPart(path, last)) {
        return openAway(path, last);
      }
      throw e;
    }
  }

  /** The link is down: a file of which nothing is here waits for it, as long as a call may. */
  private OpenNode openAway(RemotePath path, FileAttrs known) throws FsException {
    requireRegular(path, known);
    if (nodes.isCachedInPart(path, known)) {
      return nodes.joinOrAdd(path, known); // its reads open it remotely if they must
    }
    CompletableFuture<RemoteFile> opening = remote.open(path, Set.of(OpenFlag.READ), 0);
    awaitOrGiveBack(opening);
    OpenNode node = nodes.joinOrAdd(path, known);
    node.reader().take(opening);
    fetchSmall(node);
    return node;
  }

  private OpenNode openAsking(RemotePath path, @Nullable FileAttrs known) throws FsException {
    boolean fresh = known != null && lookups.isFresh(path);
    boolean cached =
        known != null && (nodes.isCached(path, known) || (fresh && brings(path, known)));
    @Nullable CompletableFuture<RemoteFile> opening =
        cached ? null : remote.open(path, Set.of(OpenFlag.READ), 0);
    FileAttrs attrs = known;
    if (attrs == null || !fresh) {
      FileAttrs last = lookups.lastKnown(path);
      attrs = askNow(path, opening, last != null && nodes.isCachedInPart(path, last));
    }
    if (!permissions.allows(attrs, RemotePermissions.READ) && opening != null) {
      var unused = patience.await(opening); // the server may know of more than the mode bits
    }
    OpenNode node = nodes.joinOrAdd(path, attrs);
    if (nodes.isCached(path, attrs)) {
      node.trust();
      tellOpened(path);
    }
    if (opening != null) {
      node.reader().take(opening);
      fetchSmall(node);
    } else if (!nodes.isCached(path, attrs)) {
      node.reader().start();
      fetchSmall(node);
    }
    return node;
  }

  private void tellOpened(RemotePath path) {
    Packs helped = packs;
    if (helped != null) {
      helped.opened(path);
    }
  }

  /** Whether all of a small file came from the helper, with others beside it. */
  private boolean brings(RemotePath path, FileAttrs known) throws FsException {
    Packs helped = packs;
    CompletableFuture<Void> coming = helped == null ? null : helped.bring(path, known);
    if (coming == null) {
      return false;
    }
    var unused = patience.await(coming);
    return nodes.isCached(path, known);
  }

  private void fetchSmall(OpenNode node) {
    long size = node.size();
    if (size <= SMALL_FILE_BYTES) {
      for (long block = 0; block * BlockCache.BLOCK_BYTES < size; block++) {
        node.blocks().ahead(block, BlockSource.lengthOf(block, size));
      }
    }
  }

  private OpenNode openToWrite(RemotePath path, OpenMode mode, @Nullable FileAttrs known)
      throws FsException {
    OpenNode open = nodes.get(path);
    if (open != null && open.hasWriter()) {
      // Asked even when just seen: what is written to a removed file would be lost without a word.
      Version version = open.isDirty() ? null : Version.of(askUnlessDown(path, null));
      OpenNode joined = nodes.join(path, version);
      if (joined != null) {
        return complete(joined, () -> cut(joined, mode));
      }
    }
    Set<OpenFlag> flags = EnumSet.of(OpenFlag.WRITE);
    if (mode.read()) {
      flags.add(OpenFlag.READ);
    }
    if (mode.truncate()) {
      flags.add(OpenFlag.TRUNCATE);
    }
    boolean fresh = lookups.isFresh(path);
    FileAttrs before = known;
    if (open != null && mode.truncate() && !fresh) {
      before =
          askUnlessDown(path, null); // a look beside the open might see the file already emptied
    }
    CompletableFuture<RemoteFile> opening = remote.open(path, flags, 0);
    boolean sure = before != null && (mode.truncate() || fresh);
    FileAttrs attrs = before != null && sure ? before : askUnlessDown(path, opening);
    RemoteFile file = patience.await(opening);
    OpenNode node = nodes.joinOrAdd(path, attrs);
    return complete(
        node,
        () -> {
          if (mode.truncate()) {
            node.writes().emptied(file, mode.read());
          } else {
            node.writes().takeWriter(file, mode.read());
          }
        });
  }

  private static void cut(OpenNode node, OpenMode mode) throws FsException {
    if (mode.truncate()) {
      node.writes().truncate(0);
    }
  }

  /**
   * The runtime's word on the name; a handle that is being opened goes when there is none.
   *
   * @param whileUp the link is not waited for when it goes
   */
  private FileAttrs askNow(
      RemotePath path, @Nullable CompletableFuture<RemoteFile> opening, boolean whileUp)
      throws FsException {
    try {
      CompletableFuture<FileAttrs> asked = lookups.ask(path);
      FileAttrs attrs = patience.await(whileUp ? link.whileUp(asked) : asked);
      requireRegular(path, attrs);
      return attrs;
    } catch (FsException e) {
      if (opening != null) {
        giveBack(opening);
      }
      throw e;
    }
  }

  /**
   * The runtime's word on a name that is to be written; while the link is down, what is known must
   * do: whoever takes the writes then compares the runtime's version with it.
   */
  private FileAttrs askUnlessDown(RemotePath path, @Nullable CompletableFuture<RemoteFile> opening)
      throws FsException {
    if (!link.isDown()) {
      try {
        return askNow(path, null, lookups.lastKnown(path) != null);
      } catch (FsException e) {
        if (!e.isConnectionFailure() || !link.isDown()) {
          if (opening != null) {
            giveBack(opening);
          }
          throw e;
        }
      }
    }
    FileAttrs last = lookups.lastKnown(path);
    if (last == null) {
      return askNow(
          path, opening, false); // a change that has not been sent yet is known without the link
    }
    requireRegular(path, last);
    return last;
  }

  private void awaitOrGiveBack(CompletableFuture<RemoteFile> opening) throws FsException {
    try {
      var unused = patience.await(opening);
    } catch (FsException e) {
      giveBack(opening);
      throw e;
    }
  }

  private static void giveBack(CompletableFuture<RemoteFile> opening) {
    var unused = opening.thenCompose(RemoteFile::close);
  }

  private FileHandle handle(OpenNode node, OpenMode mode) {
    long window = Math.min(MAX_WINDOW_BYTES, environment.settings().blockCacheBytes() / 4);
    return new OpenFile(node, nodes, appearance, mode, new Reads(node, patience, link, window));
  }

  private static void requireRegular(RemotePath path, FileAttrs attrs) throws FsException {
    if (attrs.isDirectory()) {
      throw new FsException(Errno.EISDIR, path + ": is a directory");
    }
    if (attrs.isSymlink()) {
      throw new FsException(Errno.ELOOP, path + ": is a symbolic link");
    }
  }
}
