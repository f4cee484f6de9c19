package colabfs.agent;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.TreeChange;
import colabfs.remote.TreeChange.Base;
import colabfs.remote.TreeChange.Piece;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Asks for a change. Its content is read when it is sent, and must not change until the end. */
final class ChangeCall extends Call<TreeChange.Done> {
  private static final int PUT = 1;
  private static final int MAKE_DIRECTORY = 2;
  private static final int REMOVE_DIRECTORY = 3;
  private static final int UNLINK = 4;
  private static final int RENAME = 5;
  private static final int SYMLINK = 6;
  private static final int SET_ATTRIBUTES = 7;
  private static final int PATCH = 8;

  private static final int ANYTHING = 0;
  private static final int NOTHING = 1;
  private static final int VERSION = 2;

  private static final int COPY = 1;
  private static final int LITERAL = 2;

  private static final int NO_PERMISSIONS = -1;

  /** Longer contents go another way. */
  private static final int MOST_CONTENT_BYTES = 32 << 20;

  /** What a patch is made of, and two paths, fit into a frame. */
  private static final int MOST_PIECES = 8192;

  /** What a helper says that knows {@link TreeChange.Patch}. */
  private static final String PATCHES = "patch";

  private final TreeChange change;

  ChangeCall(TreeChange change) {
    super(what(change));
    this.change = change;
  }

  private static String what(TreeChange change) {
    return change.getClass().getSimpleName() + " of " + change.path();
  }

  /** Why a helper that can do this is not asked; null when it is. */
  @Nullable FsException refusal(Set<String> capabilities) {
    if (contentBytes() > MOST_CONTENT_BYTES) {
      return refused(Errno.EFBIG, "too long to be handed over at once");
    }
    if (change instanceof TreeChange.Symlink link
        && link.target().length() > AgentTree.PATH_BYTES / 4) {
      return refused(Errno.ENAMETOOLONG, "the link is too long"); // PATH_MAX is 4,096 (limits.h)
    }
    if (change instanceof TreeChange.Patch patch) {
      if (!capabilities.contains(PATCHES)) {
        return refused(Errno.EOPNOTSUPP, "this helper cannot patch files");
      }
      if (patch.pieces().size() > MOST_PIECES) {
        return refused(Errno.EFBIG, "too many pieces to be handed over at once");
      }
    }
    return null;
  }

  private FsException refused(Errno errno, String why) {
    return new FsException(errno, change.path() + ": " + why);
  }

  /** Every path that is sent. */
  RemotePath[] paths() {
    RemotePath other = null;
    if (change instanceof TreeChange.Put put) {
      other = put.temporary();
    } else if (change instanceof TreeChange.Patch patch) {
      other = patch.temporary();
    } else if (change instanceof TreeChange.Rename rename) {
      other = rename.from();
    }
    return other == null
        ? new RemotePath[] {change.path()}
        : new RemotePath[] {change.path(), other};
  }

  /** How much of it the helper has to hold until it is made. */
  int contentBytes() {
    return content().remaining();
  }

  private ByteBuffer content() {
    if (change instanceof TreeChange.Put put) {
      return put.content().duplicate();
    }
    return change instanceof TreeChange.Patch patch
        ? patch.literals().duplicate()
        : ByteBuffer.allocate(0);
  }

  @Override
  Outgoing.Message message(int number) {
    byte[] fields = fields();
    ByteBuffer frame = Frame.prepare(Protocol.CHANGE, number, fields.length).put(fields).flip();
    return Outgoing.withBody(number, content(), frame);
  }

  private byte[] fields() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      if (change instanceof TreeChange.Put put) {
        begin(out, PUT);
        write(out, put.temporary());
        write(out, put.base());
        writePermissions(out, put.permissions());
        write(out, put.owner());
        write(out, put.times());
      } else if (change instanceof TreeChange.Patch patch) {
        begin(out, PATCH);
        write(out, patch);
      } else if (change instanceof TreeChange.MakeDirectory make) {
        begin(out, MAKE_DIRECTORY);
        out.writeInt(make.permissions());
      } else if (change instanceof TreeChange.RemoveDirectory) {
        begin(out, REMOVE_DIRECTORY);
      } else if (change instanceof TreeChange.Unlink unlink) {
        begin(out, UNLINK);
        write(out, unlink.base());
      } else if (change instanceof TreeChange.Rename rename) {
        begin(out, RENAME);
        write(out, rename.from());
        out.writeByte(rename.replace() ? 1 : 0);
      } else if (change instanceof TreeChange.Symlink link) {
        begin(out, SYMLINK);
        writeText(out, link.target());
      } else if (change instanceof TreeChange.SetAttributes set) {
        begin(out, SET_ATTRIBUTES);
        write(out, set.change());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory has no errors
    }
    return bytes.toByteArray();
  }

  private void begin(DataOutputStream out, int kind) throws IOException {
    out.writeByte(kind);
    write(out, change.path());
  }

  private static void write(DataOutputStream out, TreeChange.Patch patch) throws IOException {
    RemotePath temporary = patch.temporary();
    writeText(out, temporary == null ? "" : temporary.toString());
    FileAttrs base = patch.base();
    out.writeLong(base.sizeBytes());
    out.writeLong(base.mtimeNanos());
    out.writeLong(base.ctimeNanos());
    out.writeLong(base.inode());
    writePermissions(out, patch.permissions());
    write(out, patch.times());
    byte[] sha256 = new byte[patch.sha256().remaining()];
    patch.sha256().duplicate().get(sha256);
    out.write(sha256);
    out.writeInt(patch.pieces().size());
    for (Piece piece : patch.pieces()) {
      if (piece instanceof Piece.Copy copy) {
        out.writeByte(COPY);
        out.writeLong(copy.offset());
      } else {
        out.writeByte(LITERAL);
      }
      out.writeLong(piece.lengthBytes());
    }
  }

  private static void write(DataOutputStream out, RemotePath path) throws IOException {
    writeText(out, path.toString());
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeShort(bytes.length);
    out.write(bytes);
  }

  private static void write(DataOutputStream out, Base base) throws IOException {
    if (base instanceof Base.Version version) {
      out.writeByte(VERSION);
      out.writeLong(version.sizeBytes());
      out.writeLong(version.mtimeNanos());
    } else {
      out.writeByte(base instanceof Base.Nothing ? NOTHING : ANYTHING);
    }
  }

  private static void writePermissions(DataOutputStream out, @Nullable Integer permissions)
      throws IOException {
    out.writeInt(permissions == null ? NO_PERMISSIONS : permissions & FileAttrs.PERMISSION_MASK);
  }

  private static void write(DataOutputStream out, AttrChange.@Nullable Times times)
      throws IOException {
    out.writeByte(times == null ? 0 : 1);
    if (times != null) {
      out.writeLong(times.atimeNanos());
      out.writeLong(times.mtimeNanos());
    }
  }

  private static void write(DataOutputStream out, AttrChange attrs) throws IOException {
    Long size = attrs.sizeBytes();
    out.writeByte(size == null ? 0 : 1);
    if (size != null) {
      out.writeLong(size);
    }
    writePermissions(out, attrs.permissions());
    write(out, attrs.owner());
    write(out, attrs.times());
  }

  private static void write(DataOutputStream out, AttrChange.@Nullable Owner owner)
      throws IOException {
    out.writeByte(owner == null ? 0 : 1);
    if (owner != null) {
      out.writeInt(owner.uid());
      out.writeInt(owner.gid());
    }
  }

  @Override
  TreeChange.Done done(ByteBuffer payload) throws ProtocolException {
    FileAttrs attrs = Fields.readByte(payload) == 0 ? null : Fields.readAttrs(payload);
    return new TreeChange.Done(attrs, Fields.readBounded(payload, 0xFFFF, "links"));
  }
}
