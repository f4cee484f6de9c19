package colabfs.fs;

/**
 * What a mount has fetched on purpose.
 *
 * @param files that were fetched
 * @param bytes of them
 * @param present files that were here already, or are kept as unsent changes
 * @param tooLarge files that are longer than was asked for
 * @param missed files and directories that went on changing or cannot be read
 * @param noRoomFiles files that do not fit into what the mount may cache
 * @param noRoomBytes of them
 */
public record WarmReport(
    int files,
    long bytes,
    int present,
    int tooLarge,
    int missed,
    int noRoomFiles,
    long noRoomBytes) {

  /** Longer files are read in blocks as far as they are asked for, and never fetched on purpose. */
  public static final long MAX_FILE_BYTES = Packs.SMALL_FILE_BYTES;

  /** Told how it goes on, on the thread of who asked. */
  public interface Progress {
    /** So many files and bytes are left, as far as is known. */
    void left(int files, long bytes);

    /** Whether it is to end. */
    boolean isGivenUp();
  }
}
