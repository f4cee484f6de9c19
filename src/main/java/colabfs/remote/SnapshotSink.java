package colabfs.remote;

import colabfs.core.DirEntry;
import colabfs.core.RemotePath;
import java.util.List;

/** Takes the listings of a snapshot. */
@FunctionalInterface
public interface SnapshotSink {

  /**
   * Everything in a directory, with attributes in full: nanoseconds, inode and links are known.
   *
   * @param watched news will tell of every change in it from before it was read
   */
  void listing(RemotePath directory, List<DirEntry> entries, boolean watched);
}
