package colabfs.cache;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What was known of names last, beyond the life of this process. It is told of every change and
 * answers only what is asked for when the runtime cannot be: nothing of it is ever believed to be
 * so now. Threading: any thread; calls may wait for the local disk.
 */
public interface KeptNames {

  /**
   * What was known of a directory's entries.
   *
   * @param whole there were no others
   */
  record Entries(boolean whole, List<DirEntry> known) {}

  /** What was known of the directory last, or null. */
  @Nullable Entries directory(RemotePath path);

  /** What the mounted root itself was last, or null. */
  @Nullable FileAttrs root();

  /** Something else is known of the directory; it is asked what when that is written down. */
  void changed(RemotePath path, Supplier<Entries> now);

  /** The root itself is known to be this. */
  void changedRoot(FileAttrs attrs);

  /** Nothing is known of the directory, or it is none. */
  void removed(RemotePath path);

  /** Nothing is known at or below the path. */
  void removedTree(RemotePath top);

  /** What was known below one path is known below another, in place of what was. */
  void movedTree(RemotePath from, RemotePath to);

  /** Keeps nothing. */
  KeptNames NONE =
      new KeptNames() {
        @Override
        public @Nullable Entries directory(RemotePath path) {
          return null;
        }

        @Override
        public @Nullable FileAttrs root() {
          return null;
        }

        @Override
        public void changed(RemotePath path, Supplier<Entries> now) {}

        @Override
        public void changedRoot(FileAttrs attrs) {}

        @Override
        public void removed(RemotePath path) {}

        @Override
        public void removedTree(RemotePath top) {}

        @Override
        public void movedTree(RemotePath from, RemotePath to) {}
      };
}
