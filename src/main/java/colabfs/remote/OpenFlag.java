package colabfs.remote;

/** How {@link RemoteFs#open} opens a file. There is no append: callers know their offsets. */
public enum OpenFlag {
  READ,
  WRITE,
  /** Make the file when it is missing. */
  CREATE,
  /** With {@link #CREATE}: fail with EEXIST when it is there. */
  EXCLUSIVE,
  /** Cut an existing file to nothing. */
  TRUNCATE
}
