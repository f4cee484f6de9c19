package colabfs.remote;

import java.util.Set;

/**
 * Who the login is on the runtime: decides what it may do, and which files are shown as the
 * mounting user's.
 *
 * @param uid user number
 * @param gid primary group
 * @param gids all groups, the primary one too
 */
public record RemoteIdentity(int uid, int gid, Set<Integer> gids) {
  public RemoteIdentity {
    gids = Set.copyOf(gids);
  }

  public boolean isRoot() {
    return uid == 0;
  }
}
