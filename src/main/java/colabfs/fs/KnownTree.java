package colabfs.fs;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a mount knows of its tree without asking the runtime: names as they were known last with own
 * changes laid over, attributes and link texts as they are stored on the runtime, and the contents
 * that are cached whole. Threading: any thread, and no call waits for the network.
 */
public interface KnownTree {

  /** What is known of a directory; null when nothing is. */
  @Nullable Known directory(RemotePath directory);

  /** The stored text of a link in that version; null when it is not known. */
  @Nullable String linkText(RemotePath link, FileAttrs attrs);

  /**
   * A file's content in that version; null unless all of it is here and no program is changing it.
   */
  @Nullable Content content(RemotePath file, FileAttrs attrs);

  /**
   * The names in a directory.
   *
   * @param whole these are all; else others may have been there
   */
  record Known(List<DirEntry> entries, boolean whole) {
    public Known {
      entries = List.copyOf(entries);
    }
  }

  /** Cached content, which may be dropped or changed at any time: who uses it asks again after. */
  interface Content {
    /**
     * The piece by that number, from 0, in the order of the file and never empty; null when it is
     * not here any more. Not to be modified.
     */
    byte @Nullable [] piece(long number);
  }
}
