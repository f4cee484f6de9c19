package colabfs.core;

/** What a directory entry is, as the type bits of {@code st_mode} tell. */
public enum FileType {
  REGULAR(0100000),
  DIRECTORY(0040000),
  SYMLINK(0120000),
  FIFO(0010000),
  SOCKET(0140000),
  CHARACTER_DEVICE(0020000),
  BLOCK_DEVICE(0060000);

  private static final int TYPE_MASK = 0170000;

  private final int modeBits;

  FileType(int modeBits) {
    this.modeBits = modeBits;
  }

  /** The type bits ({@code S_IFMT}) of {@code st_mode}. */
  public int modeBits() {
    return modeBits;
  }

  /** The type that a full {@code st_mode} carries; a mode without type bits is a regular file. */
  public static FileType ofMode(int mode) {
    int bits = mode & TYPE_MASK;
    for (FileType type : values()) {
      if (type.modeBits == bits) {
        return type;
      }
    }
    return REGULAR;
  }
}
