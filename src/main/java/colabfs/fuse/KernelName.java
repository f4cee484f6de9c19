package colabfs.fuse;

import colabfs.fuse.Notices.Notice;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One name that the kernel was told of: there, with libfuse's number for it, or missing. About 120
 * bytes with its share of the table. Guarded by the table's owner.
 */
final class KernelName {
  /** Of something that is missing. */
  static final int MISSING = 0;

  private static final int ENTRY = 1;
  private static final int ATTRS = 1 << 1;
  private static final int DIRECTORY = 1 << 2;
  private static final int MANY_NAMES = 1 << 3;
  private static final int GONE = 1 << 4;

  /** libfuse's number, 32 bits; {@link #MISSING} of a name that is not there. */
  final int node;

  int parent;
  byte[] name;

  /** How often the kernel got the number, less what it gave back. */
  long lookups;

  /** When it was told last, in milliseconds of some clock. */
  int toldMillis;

  private byte flags;

  @Nullable KernelPages pages;
  @Nullable KernelName nextByName;
  @Nullable KernelName nextByNode;

  KernelName(int node, int parent, byte[] name) {
    this.node = node;
    this.parent = parent;
    this.name = name;
  }

  boolean isMissing() {
    return node == MISSING;
  }

  /** The kernel believes for long that the name is there, or is missing. */
  boolean entryIsLong() {
    return (flags & ENTRY) != 0;
  }

  /** The kernel believes the attributes for long. */
  boolean attrsAreLong() {
    return (flags & ATTRS) != 0;
  }

  boolean isDirectory() {
    return (flags & DIRECTORY) != 0;
  }

  /** A file that can change under a number that the kernel takes for another file's. */
  boolean hasManyNames() {
    return (flags & MANY_NAMES) != 0;
  }

  /** Not in the table any more. */
  boolean isGone() {
    return (flags & GONE) != 0;
  }

  boolean isBeingWritten() {
    KernelPages of = pages;
    return of != null && of.isBeingWritten();
  }

  void entryIsLong(boolean isLong) {
    set(ENTRY, isLong);
  }

  void attrsAreLong(boolean areLong) {
    set(ATTRS, areLong);
  }

  void kind(boolean directory, boolean manyNames) {
    set(DIRECTORY, directory);
    set(MANY_NAMES, manyNames);
  }

  void gone() {
    set(GONE, true);
  }

  /** Adds what makes the kernel ask again for all that it may take for granted. */
  void addAllTo(List<Notice> found, boolean evenShort, int nowMillis) {
    if ((entryIsLong() || evenShort) && node != Wire.ROOT) {
      found.add(entryNotice(nowMillis));
    }
    if (!isMissing() && (attrsAreLong() || evenShort || pages != null)) {
      found.add(contentNotice());
    }
    entryIsLong(false);
  }

  Notice attrsNotice() {
    attrsAreLong(false);
    return Notice.ofNode(node, false);
  }

  /** Pages of a file that is not open are dropped by whoever opens it next. */
  Notice contentNotice() {
    attrsAreLong(false);
    KernelPages of = pages;
    if (of == null) {
      return Notice.ofNode(node, false);
    }
    of.changed();
    return Notice.ofNode(node, of.isOpen());
  }

  Notice entryNotice(int nowMillis) {
    boolean again = !isMissing() && nowMillis - toldMillis <= KernelMemory.ENTERED_MILLIS;
    return Notice.ofEntry(parent, name, isDirectory(), again);
  }

  private void set(int flag, boolean on) {
    flags = (byte) (on ? flags | flag : flags & ~flag);
  }
}
