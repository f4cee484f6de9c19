package colabfs.remote;

import colabfs.core.AttrChange;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import java.util.List;
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
   * @param owner of the new file: EPERM, and nothing is changed, when the login may not give it;
   *     null keeps that of what was there
   * @param times set after the content was written; null leaves the runtime's
   */
  record Put(
      RemotePath path,
      RemotePath temporary,
      ByteBuffer content,
      Base base,
      @Nullable Integer permissions,
      AttrChange.@Nullable Owner owner,
      AttrChange.@Nullable Times times)
      implements TreeChange {}

  /**
   * A regular file gets a content that is put together from parts of the one that it has and from
   * new bytes. With a temporary name it appears as that of a put does, and keeps what that keeps;
   * without one the file itself is written, for those that have several names or somebody else's
   * owner. EOPNOTSUPP when the helper knows nothing of this; EIO when a file that is written itself
   * may have been changed in part.
   *
   * @param temporary in the same directory; what is there already is replaced; null to write the
   *     file itself, where a copy must be of what is at the same place
   * @param base what has to be there: ESTALE, and nothing is changed, when length, times of change
   *     in nanoseconds or inode are others
   * @param pieces what the new content is made of, in order
   * @param literals what the literal pieces bring, one after the other
   * @param sha256 of the whole new content: ESTALE, and nothing is changed, when another one would
   *     come out
   * @param permissions of the file; null keeps those of what was there
   * @param times set after the content was written; null leaves the runtime's
   */
  record Patch(
      RemotePath path,
      @Nullable RemotePath temporary,
      FileAttrs base,
      List<Piece> pieces,
      ByteBuffer literals,
      ByteBuffer sha256,
      @Nullable Integer permissions,
      AttrChange.@Nullable Times times)
      implements TreeChange {}

  /** A part of a content; none is empty. */
  sealed interface Piece {

    long lengthBytes();

    /** As it is in the old content. */
    record Copy(long offset, long lengthBytes) implements Piece {}

    /** New bytes. */
    record Literal(long lengthBytes) implements Piece {}
  }

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
