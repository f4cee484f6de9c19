package colabfs.writeback;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The names that are not on the runtime as they are here, to be laid over what was known of it last
 * while it cannot be asked. Threading: any thread, and no call waits.
 */
public interface PendingNames {

  /** What the name is by what is pending; null when that says nothing. ENOENT when it is gone. */
  @Nullable FileAttrs attrs(RemotePath path) throws FsException;

  /** A listing with what is pending laid over it. */
  List<DirEntry> over(RemotePath directory, List<DirEntry> listing);

  /** Nothing is pending. */
  PendingNames NONE =
      new PendingNames() {
        @Override
        public @Nullable FileAttrs attrs(RemotePath path) {
          return null;
        }

        @Override
        public List<DirEntry> over(RemotePath directory, List<DirEntry> listing) {
          return listing;
        }
      };
}
