package colabfs.fs;

import colabfs.core.FileAttrs;
import colabfs.remote.RemoteIdentity;

/**
 * Whose a file is shown to be: the login's files are the mounting user's, all others keep their
 * numbers. The map swaps the two numbers, so that it can be undone: files that have the local
 * number on the runtime are shown with the login's.
 */
final class OwnerMap {
  private final int remoteUid;
  private final int remoteGid;
  private final int localUid;
  private final int localGid;

  OwnerMap(RemoteIdentity identity, FsSettings settings) {
    localUid = settings.localUid();
    localGid = settings.localGid();
    remoteUid = settings.mapOwner() ? identity.uid() : localUid;
    remoteGid = settings.mapOwner() ? identity.gid() : localGid;
  }

  FileAttrs shown(FileAttrs attrs) {
    int uid = swap(attrs.uid(), remoteUid, localUid);
    int gid = swap(attrs.gid(), remoteGid, localGid);
    return uid == attrs.uid() && gid == attrs.gid() ? attrs : attrs.withOwner(uid, gid);
  }

  /** The runtime's number for a local user. */
  int storedUid(int uid) {
    return swap(uid, remoteUid, localUid);
  }

  /** The runtime's number for a local group. */
  int storedGid(int gid) {
    return swap(gid, remoteGid, localGid);
  }

  private static int swap(int id, int one, int other) {
    if (id == one) {
      return other;
    }
    return id == other ? one : id;
  }
}
