package colabfs.writeback;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the runtime's names without asking it, so that a change can be judged at once;
 * told, too, when something is not as it was known. Threading: any thread, and no call waits.
 */
public interface KnownNames {

  /** What is known of the name, or null. ENOENT when it is known to be missing. */
  @Nullable FileAttrs known(RemotePath path) throws FsException;

  /** What was known last, however long ago, or null. ENOENT when it was missing then. */
  @Nullable FileAttrs last(RemotePath path) throws FsException;

  /** The same answer, or ENOTCONN as soon as the link goes. */
  <T> CompletableFuture<T> whileUp(CompletableFuture<T> answer);

  /** What is known to be in a directory, or null. */
  @Nullable List<DirEntry> knownListing(RemotePath directory);

  /** Something else is there than was thought. */
  void changed(RemotePath path);

  /** For as long as nothing is known. */
  KnownNames NOTHING =
      new KnownNames() {
        @Override
        public @Nullable FileAttrs known(RemotePath path) {
          return null;
        }

        @Override
        public @Nullable FileAttrs last(RemotePath path) {
          return null;
        }

        @Override
        public <T> CompletableFuture<T> whileUp(CompletableFuture<T> answer) {
          return answer;
        }

        @Override
        public @Nullable List<DirEntry> knownListing(RemotePath directory) {
          return null;
        }

        @Override
        public void changed(RemotePath path) {}
      };
}
