package colabfs.ssh;

/** What was being done when the server refused: half of what its status means. */
enum SftpOp {
  REALPATH("resolve"),
  LSTAT("look at"),
  LIST("list"),
  READLINK("read link"),
  OPEN("open"),
  CREATE("create"),
  MKDIR("make directory"),
  RMDIR("remove directory"),
  UNLINK("remove"),
  RENAME("rename"),
  RENAME_NEW("rename"),
  SYMLINK("make link"),
  LINK("link to"),
  TRUNCATE("cut"),
  SETATTR("change attributes of"),
  STATVFS("measure"),
  READ("read"),
  WRITE("write"),
  FSYNC("sync"),
  FSTAT("look at open"),
  FSETATTR("change attributes of open"),
  CLOSE("close");

  private final String words;

  SftpOp(String words) {
    this.words = words;
  }

  /** A few words that an object follows. */
  String words() {
    return words;
  }

  /** Whether it is on an open file, not on a name. */
  boolean isOnHandle() {
    return compareTo(READ) >= 0;
  }

  /** Whether it moves a name to another, which is then not the name that it is on. */
  boolean moves() {
    return this == RENAME || this == RENAME_NEW;
  }

  /** Whether it makes a new name. */
  boolean makesName() {
    return this == CREATE || this == MKDIR || this == SYMLINK || this == LINK;
  }
}
