package colabfs.fs;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Changes of names and attributes: asked of the runtime, waited for, and then known here at once.
 * Where it is not known whether the runtime did it, what was known is forgotten. Threading: any
 * thread; waits for the network.
 */
final class Changes {
  private static final int LINK_PERMISSIONS = 0777;

  private final RemoteFs remote;
  private final Environment environment;
  private final Patience patience;
  private final Lookups lookups;
  private final OpenNodes nodes;
  private final TimeKeeper times;
  private final NewNames newNames;
  private final NameLocks locks;

  Changes(
      Environment environment,
      Lookups lookups,
      OpenNodes nodes,
      TimeKeeper times,
      NewNames newNames,
      NameLocks locks) {
    this.environment = environment;
    this.remote = environment.remote();
    this.patience = environment.patience();
    this.lookups = lookups;
    this.nodes = nodes;
    this.times = times;
    this.newNames = newNames;
    this.locks = locks;
  }

  void mkdir(RemotePath directory, int permissions) throws FsException {
    locks.with(
        directory,
        () -> {
          await(remote.mkdir(directory, permissions), directory);
          FileAttrs attrs = newNames.attrs(directory, FileType.DIRECTORY, permissions);
          made(directory, attrs);
          return true;
        });
  }

  void symlink(String stored, RemotePath link) throws FsException {
    locks.with(
        link,
        () -> {
          await(remote.symlink(stored, link), link);
          FileAttrs attrs = newNames.attrs(link, FileType.SYMLINK, LINK_PERMISSIONS);
          FileAttrs asLong = attrs.withSize(stored.getBytes(StandardCharsets.UTF_8).length);
          made(link, asLong);
          lookups.madeLink(link, stored, asLong);
          return true;
        });
  }

  void link(RemotePath existing, RemotePath link) throws FsException {
    locks.with(
        existing,
        link,
        () -> {
          settle(existing);
          await(remote.link(existing, link), link);
          nodes.linked(existing, link, lookups.attrs(existing));
          touchParent(link);
        });
  }

  void unlink(RemotePath file) throws FsException {
    locks.with(
        file,
        () -> {
          keepReadable(file);
          await(remote.unlink(file), file);
          nodes.removed(file);
          touchParent(file);
          return true;
        });
  }

  void rmdir(RemotePath directory) throws FsException {
    locks.with(
        directory,
        () -> {
          await(remote.rmdir(directory), directory);
          nodes.removed(directory);
          touchParent(directory);
          return true;
        });
  }

  void rename(RemotePath from, RemotePath to) throws FsException {
    FileAttrs attrs = lookups.attrs(from);
    if (from.equals(to)) {
      return;
    }
    if (to.startsWith(from)) {
      throw new FsException(Errno.EINVAL, to + " is inside " + from);
    }
    boolean directory = attrs.isDirectory();
    Edge.Action action = () -> renameLocked(from, to, directory);
    if (directory) {
      locks.alone(action);
    } else {
      locks.with(from, to, action);
    }
  }

  void hide(RemotePath file, RemotePath hidden) throws FsException {
    rename(file, hidden);
    if (!nodes.hide(hidden)) {
      nodes.vanish(hidden); // its last handle was given back meanwhile
    }
  }

  /** The name locks are held. */
  private void renameLocked(RemotePath from, RemotePath to, boolean directory) throws FsException {
    settle(from);
    keepReadable(to);
    nodes.contentGoes(to, directory);
    try {
      patience.await(remote.rename(from, to));
    } catch (FsException e) {
      forget(from);
      forget(to);
      throw e;
    }
    for (OpenNode node : nodes.renamed(from, to, directory)) {
      node.writes().moved();
    }
    touchParent(from);
    touchParent(to);
  }

  void chmod(RemotePath path, int permissions) throws FsException {
    locks.with(
        path,
        () -> {
          settle(path);
          FileAttrs now = shown(path);
          await(remote.setattr(path, AttrChange.permissions(permissions)), path);
          changed(path, now.withPermissions(permissions));
          return true;
        });
  }

  /** Numbers are the runtime's, -1 for as it is. */
  void chown(RemotePath path, int uid, int gid) throws FsException {
    locks.with(
        path,
        () -> {
          settle(path);
          FileAttrs now = shown(path);
          int newUid = uid == -1 ? now.uid() : uid;
          int newGid = gid == -1 ? now.gid() : gid;
          await(remote.setattr(path, AttrChange.owner(newUid, newGid)), path);
          changed(path, now.withOwner(newUid, newGid));
          return true;
        });
  }

  void utimens(RemotePath path, AttrChange.Times given) throws FsException {
    locks.with(
        path,
        () -> {
          OpenNode node = nodes.get(path);
          if (node == null || !node.writes().utimens(given, newNames.nowNanos())) {
            FileAttrs now = shown(path);
            await(remote.setattr(path, new AttrChange(null, null, null, given)), path);
            FileAttrs then = now.withTimes(given.atimeNanos(), given.mtimeNanos(), 0);
            changed(path, then);
            nodes.retimed(path, Version.of(now), Version.of(then));
          }
          return true;
        });
  }

  void truncate(RemotePath path, long sizeBytes) throws FsException {
    locks.with(
        path,
        () -> {
          OpenNode node = nodes.get(path);
          if (node != null && node.hasWriter()) {
            node.writes().truncate(sizeBytes);
            node.writes().flush(false);
          } else {
            truncateClosed(path, node, sizeBytes);
          }
          return true;
        });
  }

  private void truncateClosed(RemotePath path, @Nullable OpenNode node, long sizeBytes)
      throws FsException {
    FileAttrs now = shown(path);
    if (now.isDirectory()) {
      throw new FsException(Errno.EISDIR, path + ": is a directory");
    }
    long nanos = newNames.nowNanos();
    boolean withTimes = nodes.maySetTimes(now);
    nodes.contentGoes(path, false);
    AttrChange.Times sent = withTimes ? new AttrChange.Times(now.atimeNanos(), nanos) : null;
    await(remote.setattr(path, new AttrChange(sizeBytes, null, null, sent)), path);
    FileAttrs cut = now.withSize(sizeBytes).withTimes(now.atimeNanos(), nanos, nanos);
    if (node == null) {
      nodes.forgetContent(path);
    } else {
      node.resized(cut);
    }
    if (withTimes) {
      nodes.changed(path, cut);
    } else {
      forget(path);
    }
  }

  /** The time that the runtime's own clock gave it is put right; that is not waited for. */
  private void made(RemotePath path, FileAttrs attrs) throws FsException {
    AttrChange.Times shown = new AttrChange.Times(attrs.atimeNanos(), attrs.mtimeNanos());
    var unused = remote.setattr(path, new AttrChange(null, null, null, shown));
    nodes.created(path, attrs);
    times.keep(path, attrs);
    touchParent(path);
  }

  /** Attributes with the times as local programs know them. */
  private FileAttrs shown(RemotePath path) throws FsException {
    OpenNode node = nodes.get(path);
    return node != null && node.isDirty() ? node.attrs() : times.shown(path, lookups.attrs(path));
  }

  /** Own change of attributes, done: its ctime is now. */
  private void changed(RemotePath path, FileAttrs attrs) {
    FileAttrs now = attrs.withTimes(attrs.atimeNanos(), attrs.mtimeNanos(), newNames.nowNanos());
    OpenNode node = nodes.get(path);
    if (node != null) {
      node.changed(
          old ->
              now.withSize(old.sizeBytes())
                  .withTimes(
                      now.atimeNanos(),
                      node.isDirty() ? old.mtimeNanos() : now.mtimeNanos(),
                      now.ctimeNanos()));
    }
    nodes.changed(path, now);
  }

  /** A directory's mtime follows what is made and removed in it. */
  private void touchParent(RemotePath path) throws FsException {
    RemotePath parent = path.parent();
    if (parent == null) {
      return;
    }
    FileAttrs attrs;
    try {
      attrs = lookups.atHand(parent);
    } catch (FsException gone) {
      return;
    }
    if (attrs != null) {
      long now = newNames.nowNanos();
      environment.metadata().changed(parent, attrs.withTimes(attrs.atimeNanos(), now, now));
    }
  }

  /** Unsent writes go first; what goes wrong with them is told to who flushes the file. */
  private void settle(RemotePath path) throws FsException {
    OpenNode node = nodes.get(path);
    if (node != null) {
      try {
        node.writes().settle();
      } catch (FsException e) {
        if (e.isConnectionFailure()) {
          throw e;
        }
      }
    }
  }

  /** Who has the file open goes on reading it when its name is gone. */
  private void keepReadable(RemotePath path) {
    OpenNode node = nodes.get(path);
    if (node != null && !node.hasWriter() && !environment.link().isDown()) {
      try {
        var unused = patience.await(node.reader().verified());
      } catch (FsException e) {
        return; // its next read says so
      }
    }
  }

  private void await(CompletableFuture<Void> answer, RemotePath path) throws FsException {
    try {
      patience.await(answer);
    } catch (FsException e) {
      forget(path);
      throw e;
    }
  }

  private void forget(RemotePath path) {
    environment.metadata().invalidateTree(path);
    lookups.forget(path);
  }
}
