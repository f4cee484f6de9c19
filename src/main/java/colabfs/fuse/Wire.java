package colabfs.fuse;

/**
 * What goes over /dev/fuse, from the kernel's include/uapi/linux/fuse.h: numbers of requests, and
 * where in a message things are, in bytes from its beginning. Bodies follow the header.
 */
final class Wire {
  // Requests.
  static final int LOOKUP = 1;
  static final int FORGET = 2;
  static final int GETATTR = 3;
  static final int SETATTR = 4;
  static final int SYMLINK = 6;
  static final int MKNOD = 8;
  static final int MKDIR = 9;
  static final int UNLINK = 10;
  static final int RMDIR = 11;
  static final int RENAME = 12;
  static final int LINK = 13;
  static final int OPEN = 14;
  static final int RELEASE = 18;
  static final int INIT = 26;
  static final int READDIR = 28;
  static final int CREATE = 35;
  static final int BATCH_FORGET = 42;

  /** As READDIR, answered with what a LOOKUP of each name would have answered. */
  static final int READDIRPLUS = 44;

  // struct fuse_in_header: len, opcode, unique, nodeid, uid, gid, pid.
  static final int IN_OPCODE = 4;
  static final int IN_UNIQUE = 8;
  static final int IN_NODE = 16;
  static final int IN_BODY = 40;

  // struct fuse_out_header: len, error, unique.
  static final int OUT_ERROR = 4;
  static final int OUT_UNIQUE = 8;
  static final int OUT_BODY = 16;

  // struct fuse_entry_out: nodeid, generation, entry_valid, attr_valid, their nanoseconds, attr.
  static final int ENTRY_VALID = 16;
  static final int ENTRY_ATTR_VALID = 24;
  static final int ENTRY_VALID_NANOS = 32;
  static final int ENTRY_ATTR_VALID_NANOS = 36;
  static final int ENTRY_ATTR = 40;
  static final int ENTRY_BYTES = 128;

  // struct fuse_attr_out: attr_valid, its nanoseconds, padding, attr.
  static final int ATTR_VALID_NANOS = 8;
  static final int ATTR_ATTR = 16;

  // struct fuse_attr.
  static final int MODE = 60;
  static final int LINKS = 64;

  // struct fuse_open_out: fh, open_flags; and of those flags, FOPEN_KEEP_CACHE and FOPEN_NOFLUSH.
  static final int OPEN_FLAGS = 8;
  static final int KEEP_CACHE = 1 << 1;
  static final int NO_FLUSH = 1 << 5;

  // struct fuse_init_in and fuse_init_out: major, minor, max_readahead, flags.
  static final int INIT_MINOR = 4;
  static final int INIT_FLAGS = 12;
  static final int DO_READDIRPLUS = 1 << 13;

  // struct fuse_read_in: fh, offset, size.
  static final int READ_SIZE = 16;

  // struct fuse_dirent: ino, off, namelen, type (as in d_type), name; each begins at a multiple of
  // 8.
  static final int DIRENT_NAME_BYTES = 16;
  static final int DIRENT_TYPE = 20;
  static final int DIRENT_NAME = 24;
  static final int TYPE_LINK = 10;

  /** The directory that a mount shows. */
  static final int ROOT = 1;

  // Notices of ours: they have the code where an answer has its error, and 0 for its number.
  static final int NOTIFY_INVAL_INODE = 2;
  static final int NOTIFY_INVAL_ENTRY = 3;

  /** An entry is to be asked for again, and not to be taken off the tree: from 7.38, Linux 6.2. */
  static final int EXPIRE_ONLY = 1;

  static final int EXPIRE_ONLY_MINOR = 38;

  private Wire() {}
}
