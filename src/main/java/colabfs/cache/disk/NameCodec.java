package colabfs.cache.disk;

import colabfs.cache.KeptNames;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A directory's entries as bytes. Threading: any thread, no state. */
final class NameCodec {
  /** Mode, owner, group, links; size, three times, inode. */
  private static final int ATTRS_BYTES = 4 * Integer.BYTES + 5 * Long.BYTES;

  private NameCodec() {}

  static byte[] encode(KeptNames.Entries entries) {
    List<byte[]> names = new ArrayList<>(entries.known().size());
    int length = 1 + Integer.BYTES;
    for (DirEntry entry : entries.known()) {
      byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
      names.add(name);
      length += Integer.BYTES + name.length + ATTRS_BYTES;
    }
    ByteBuffer out = ByteBuffer.allocate(length);
    out.put((byte) (entries.whole() ? 1 : 0)).putInt(names.size());
    for (int i = 0; i < names.size(); i++) {
      Sealed.putText(out, names.get(i));
      put(out, entries.known().get(i).attrs());
    }
    return out.array();
  }

  static KeptNames.Entries decode(ByteBuffer from) {
    boolean whole = from.get() != 0;
    int count = from.getInt();
    List<DirEntry> known = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String name = Sealed.text(from);
      known.add(new DirEntry(name, attrs(from)));
    }
    return new KeptNames.Entries(whole, known);
  }

  static byte[] encode(FileAttrs attrs) {
    ByteBuffer out = ByteBuffer.allocate(ATTRS_BYTES);
    put(out, attrs);
    return out.array();
  }

  private static void put(ByteBuffer out, FileAttrs attrs) {
    out.putInt(attrs.mode())
        .putInt(attrs.uid())
        .putInt(attrs.gid())
        .putInt(attrs.links())
        .putLong(attrs.sizeBytes())
        .putLong(attrs.atimeNanos())
        .putLong(attrs.mtimeNanos())
        .putLong(attrs.ctimeNanos())
        .putLong(attrs.inode());
  }

  static FileAttrs attrs(ByteBuffer from) {
    int mode = from.getInt();
    int uid = from.getInt();
    int gid = from.getInt();
    int links = from.getInt();
    long size = from.getLong();
    long atime = from.getLong();
    long mtime = from.getLong();
    long ctime = from.getLong();
    return new FileAttrs(
        FileType.ofMode(mode),
        mode & FileAttrs.PERMISSION_MASK,
        uid,
        gid,
        size,
        atime,
        mtime,
        ctime,
        from.getLong(),
        links);
  }
}
