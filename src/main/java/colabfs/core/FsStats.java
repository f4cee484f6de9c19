package colabfs.core;

/**
 * How full a file system is, as {@code statvfs} tells.
 *
 * @param blockSizeBytes unit of the three block counts ({@code f_frsize})
 * @param blocks size of the file system
 * @param blocksFree free for root
 * @param blocksAvailable free for the login
 * @param files inodes in all
 * @param filesFree inodes free
 * @param nameMaxBytes longest file name
 */
public record FsStats(
    long blockSizeBytes,
    long blocks,
    long blocksFree,
    long blocksAvailable,
    long files,
    long filesFree,
    long nameMaxBytes) {}
