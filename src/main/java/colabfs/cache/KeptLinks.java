package colabfs.cache;

import colabfs.core.RemotePath;
import org.jspecify.annotations.Nullable;

/**
 * The texts of links beyond the life of this process, each in one version of the link. Threading:
 * any thread; reading may wait for the local disk.
 */
public interface KeptLinks {

  /** The link's text in that version, or null. */
  @Nullable String text(RemotePath link, long sizeBytes, long mtimeNanos);

  /** Keeps a text, soon and perhaps. */
  void keep(RemotePath link, String text, long sizeBytes, long mtimeNanos);

  /** Keeps nothing. */
  KeptLinks NONE =
      new KeptLinks() {
        @Override
        public @Nullable String text(RemotePath link, long sizeBytes, long mtimeNanos) {
          return null;
        }

        @Override
        public void keep(RemotePath link, String text, long sizeBytes, long mtimeNanos) {}
      };
}
