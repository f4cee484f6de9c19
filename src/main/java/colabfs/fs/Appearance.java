package colabfs.fs;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;

/** What local programs are shown of a file. Threading: any thread. */
final class Appearance {
  private final OpenNodes nodes;
  private final TimeKeeper times;
  private final OwnerMap owners;
  private final InodeNumbers numbers;

  Appearance(OpenNodes nodes, TimeKeeper times, OwnerMap owners, InodeNumbers numbers) {
    this.nodes = nodes;
    this.times = times;
    this.owners = owners;
    this.numbers = numbers;
  }

  /** The runtime's word on a name, or this side's while the file is being written. */
  FileAttrs of(RemotePath path, FileAttrs attrs) {
    OpenNode node = nodes.get(path);
    return node != null && node.isDirty()
        ? finished(path, node.attrs())
        : finished(path, times.shown(path, attrs));
  }

  /** An open file, whatever its path is by now. */
  FileAttrs of(OpenNode node) {
    RemotePath path = node.path();
    FileAttrs attrs = node.attrs();
    return finished(path, node.isDirty() || node.isDetached() ? attrs : times.shown(path, attrs));
  }

  private FileAttrs finished(RemotePath path, FileAttrs attrs) {
    // Programs such as find count on a directory's links to know how many directories are in it.
    // Of a file that nobody told the number of, 0, the names known here are shown: 1 at least.
    int links = attrs.isDirectory() ? 1 : Math.max(attrs.links(), numbers.names(path));
    return owners.shown(attrs).withIdentity(numbers.of(path), links);
  }
}
