package colabfs.remote;

import colabfs.core.AttrChange;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A change that a helper makes on the runtime. Links are never followed at the last name. */
public sealed interface TreeChange {

  /** The name that is changed; the new one of a rename. */
  RemotePath path();

  /**
   * A regular file with this content appears at once, in place of whatever file was there: it is
   * written under the temporary name, and renamed. When there was a file and {@code base} says so,
   * it keeps mode and owner of that. EMLINK, and nothing is changed, when that file has several
   * names or an owner that a new file cannot be given; EEXIST when something else than a file is
   * there.
   *
   * @param temporary in the same directory; what is there already is replaced
   * @param base what has to be there: ESTALE, and nothing is changed, when something else is
   * @param permissions of the new file; null keeps those of what was there
   * @param times set after the content was written; null leaves the runtime's
   */
  record Put(
      RemotePath path,
      RemotePath temporary,
      ByteBuffer content,
      Base base,
      @Nullable Integer permissions,
      AttrChange.@Nullable Times times)
      implements TreeChange {}

  /** EEXIST when the name is there. */
  record MakeDirectory(RemotePath path, int permissions) implements TreeChange {}

  /** Removes an empty directory. */
  record RemoveDirectory(RemotePath path) implements TreeChange {}

  /** Removes a name that is no directory; {@code base} as for a put. */
  record Unlink(RemotePath path, Base base) implements TreeChange {}

  /**
   * As rename(2).
   *
   * @param replace false: EEXIST when the new name is there in any form
   */
  record Rename(RemotePath from, RemotePath path, boolean replace) implements TreeChange {}

  /** A symbolic link of this text. */
  record Symlink(RemotePath path, String target) implements TreeChange {}

  /** Times arrive with their nanoseconds; of a link, the link's own. */
  record SetAttributes(RemotePath path, AttrChange change) implements TreeChange {}

  /** What must be at a name for a change to be made. */
  sealed interface Base {

    /** Whatever is there, or nothing. */
    record Anything() implements Base {}

    /** Nothing is there. */
    record Nothing() implements Base {}

    /**
     * A regular file of that length and time of change.
     *
     * @param mtimeNanos compared in whole seconds where it has no fraction
     */
    record Version(long sizeBytes, long mtimeNanos) implements Base {}
  }

  /**
   * What a change led to.
   *
   * @param attrs of the name after it, in full; null when it is gone
   * @param links names that the file which was replaced or removed had, 0 when there was none
   */
  record Done(@Nullable FileAttrs attrs, int links) {}
}
