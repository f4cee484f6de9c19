package colabfs.fs;

import java.time.Duration;

/**
 * How one mount behaves.
 *
 * @param remoteRoot absolute path of the mounted root on the runtime, links resolved
 * @param mountpoint absolute path of the local mount point
 * @param readOnly every change ends with EROFS
 * @param localUid the mounting user
 * @param localGid the mounting user's group
 * @param mapOwner the login's files are shown as the mounting user's
 * @param metadataTtl how long attributes, listings and missing names are believed
 * @param metadataEntries how many names are remembered at most
 * @param blockCacheBytes how much file content is remembered at most
 * @param prefetch entering a directory fetches what is below it
 * @param callTimeout how long one call waits for the runtime
 */
public record FsSettings(
    String remoteRoot,
    String mountpoint,
    boolean readOnly,
    int localUid,
    int localGid,
    boolean mapOwner,
    Duration metadataTtl,
    int metadataEntries,
    long blockCacheBytes,
    boolean prefetch,
    Duration callTimeout) {

  private static final int DEFAULT_METADATA_ENTRIES = 2_000_000; // some 150 MB of heap when full
  private static final long DEFAULT_BLOCK_CACHE_BYTES = 96L << 20;

  /** What a mount has when nobody says otherwise. */
  public static FsSettings defaults(String remoteRoot, String mountpoint, int uid, int gid) {
    return new FsSettings(
        remoteRoot,
        mountpoint,
        false,
        uid,
        gid,
        true,
        Duration.ofSeconds(20),
        DEFAULT_METADATA_ENTRIES,
        DEFAULT_BLOCK_CACHE_BYTES,
        true,
        Duration.ofSeconds(20));
  }
}
