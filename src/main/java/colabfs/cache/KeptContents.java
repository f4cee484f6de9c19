package colabfs.cache;

import colabfs.core.RemotePath;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Contents of files beyond the life of this process, each for one version of one path. Threading:
 * any thread; calls may wait for the local disk, but for {@link KeptFile#keep}.
 *
 * <p>A version is a length and a second, and a file can be changed twice within one. So content
 * that was read or written when its file was so young, and content of another runtime, is kept but
 * doubtful: only for when the runtime cannot be asked.
 */
public interface KeptContents {

  /** One version of one path; void as soon as the path is told to be something else. */
  interface KeptFile {
    /**
     * The block's bytes, exactly so many, as they were kept; null when they are not here.
     *
     * @param evenDoubtful because there is nothing better
     */
    byte @Nullable [] block(long block, int lengthBytes, boolean evenDoubtful);

    /** Whether the block is here, without looking at its bytes. */
    boolean holds(long block, int lengthBytes, boolean evenDoubtful);

    /** Whether what is here is only for when there is nothing better. */
    boolean isDoubtful();

    /** Whether the path was told to be something else; then nothing is here or will be. */
    boolean isVoid();

    /** Keeps a block, soon and perhaps; nobody changes the array from here on. */
    void keep(long block, byte[] content);
  }

  /** The file at that path in that version. */
  KeptFile file(RemotePath path, long sizeBytes, long mtimeSeconds);

  /**
   * The path's content is about to be another: nothing of it is answered any more, not even after
   * this process is killed now.
   */
  void forget(RemotePath path);

  /** As {@link #forget}, with all below. */
  void forgetTree(RemotePath top);

  /** The path's content is what it was, in a version that has another time. */
  void retimed(RemotePath path, long sizeBytes, long oldMtimeSeconds, long newMtimeSeconds);

  /** What is here of one path, or of a tree, is of another now, in place of what was. */
  void renamed(RemotePath from, RemotePath to, boolean tree);

  /** How much can be kept in all; 0 while nothing can, for want of a disk or of room on it. */
  long capacityBytes();

  /** Ends when all that was given to be kept until now is, or is not going to be. */
  CompletableFuture<Void> settled();

  /** Keeps nothing. */
  KeptContents NONE =
      new KeptContents() {
        private final KeptFile nothing =
            new KeptFile() {
              @Override
              public byte @Nullable [] block(long block, int lengthBytes, boolean evenDoubtful) {
                return null;
              }

              @Override
              public boolean holds(long block, int lengthBytes, boolean evenDoubtful) {
                return false;
              }

              @Override
              public boolean isDoubtful() {
                return false;
              }

              @Override
              public boolean isVoid() {
                return false;
              }

              @Override
              public void keep(long block, byte[] content) {}
            };

        @Override
        public KeptFile file(RemotePath path, long sizeBytes, long mtimeSeconds) {
          return nothing;
        }

        @Override
        public void forget(RemotePath path) {}

        @Override
        public void forgetTree(RemotePath top) {}

        @Override
        public void retimed(
            RemotePath path, long sizeBytes, long oldMtimeSeconds, long newMtimeSeconds) {}

        @Override
        public void renamed(RemotePath from, RemotePath to, boolean tree) {}

        @Override
        public long capacityBytes() {
          return 0;
        }

        @Override
        public CompletableFuture<Void> settled() {
          return CompletableFuture.allOf();
        }
      };
}
