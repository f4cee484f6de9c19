package colabfs.cache;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was listed of a directory, packed: 60 bytes a name and the name itself, where objects would
 * take 180. Found by binary search, and taken apart into objects when asked for. Immutable.
 */
final class Listing {
  static final Listing EMPTY = new Listing(List.of());

  private static final int SIZE = 0;
  private static final int ATIME = 1;
  private static final int MTIME = 2;
  private static final int CTIME = 3;
  private static final int INODE = 4;
  private static final int OWNER = 5;
  private static final int MODE = 6;
  private static final int WORDS = 7;

  private static final int LINKS_SHIFT = 32;
  private static final long LOW_HALF = 0xffff_ffffL;

  /** All names in UTF-8, in the order of their bytes. */
  private final byte[] names;

  /** Where each name ends. */
  private final int[] ends;

  private final long[] words;

  Listing(List<DirEntry> entries) {
    int count = entries.size();
    byte[][] texts = new byte[count][];
    Integer[] order = new Integer[count];
    int length = 0;
    for (int i = 0; i < count; i++) {
      texts[i] = entries.get(i).name().getBytes(StandardCharsets.UTF_8);
      length += texts[i].length;
      order[i] = i;
    }
    Arrays.sort(order, (one, other) -> Arrays.compareUnsigned(texts[one], texts[other]));
    names = new byte[length];
    ends = new int[count];
    words = new long[count * WORDS];
    int end = 0;
    for (int i = 0; i < count; i++) {
      byte[] text = texts[order[i]];
      System.arraycopy(text, 0, names, end, text.length);
      end += text.length;
      ends[i] = end;
      pack(i, entries.get(order[i]).attrs());
    }
  }

  private void pack(int index, FileAttrs attrs) {
    int at = index * WORDS;
    words[at + SIZE] = attrs.sizeBytes();
    words[at + ATIME] = attrs.atimeNanos();
    words[at + MTIME] = attrs.mtimeNanos();
    words[at + CTIME] = attrs.ctimeNanos();
    words[at + INODE] = attrs.inode();
    words[at + OWNER] = ((long) attrs.uid() << Integer.SIZE) | (attrs.gid() & LOW_HALF);
    words[at + MODE] = ((long) attrs.links() << LINKS_SHIFT) | attrs.mode();
  }

  int size() {
    return ends.length;
  }

  /** The index of a name, or negative. */
  int find(String name) {
    if (ends.length == 0) {
      return -1;
    }
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    int low = 0;
    int high = ends.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = Arrays.compareUnsigned(names, start(middle), ends[middle], text, 0, text.length);
      if (order == 0) {
        return middle;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }

  /** What was listed of a name, or null. */
  @Nullable FileAttrs get(String name) {
    int index = find(name);
    return index < 0 ? null : attrs(index);
  }

  String name(int index) {
    int start = start(index);
    return new String(names, start, ends[index] - start, StandardCharsets.UTF_8);
  }

  FileAttrs attrs(int index) {
    int at = index * WORDS;
    long mode = words[at + MODE];
    return new FileAttrs(
        FileType.ofMode((int) mode),
        (int) mode & FileAttrs.PERMISSION_MASK,
        (int) (words[at + OWNER] >>> Integer.SIZE),
        (int) words[at + OWNER],
        words[at + SIZE],
        words[at + ATIME],
        words[at + MTIME],
        words[at + CTIME],
        words[at + INODE],
        (int) (mode >>> LINKS_SHIFT));
  }

  private int start(int index) {
    return index == 0 ? 0 : ends[index - 1];
  }
}
