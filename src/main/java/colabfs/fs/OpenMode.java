package colabfs.fs;

/**
 * What open(2) was asked for.
 *
 * @param read the file will be read
 * @param write the file will be written
 * @param append every write goes to the end (O_APPEND)
 * @param truncate cut an existing file to nothing (O_TRUNC)
 * @param exclusive with {@link FileSystem#create}: fail when the name is there (O_EXCL)
 */
public record OpenMode(
    boolean read, boolean write, boolean append, boolean truncate, boolean exclusive) {
  public static final OpenMode READ = new OpenMode(true, false, false, false, false);
  public static final OpenMode WRITE = new OpenMode(false, true, false, false, false);
  public static final OpenMode READ_WRITE = new OpenMode(true, true, false, false, false);
}
