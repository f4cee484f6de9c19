package colabfs.ssh;

import colabfs.core.FsStats;
import java.net.ProtocolException;
import org.apache.sshd.sftp.common.SftpConstants;

/**
 * OpenSSH's statvfs@openssh.com and fstatvfs@openssh.com (its PROTOCOL, section 4.4).
 *
 * @param id which file system it is, or 0
 */
record SftpSpace(FsStats stats, long id, boolean readOnly) {
  static final String STATVFS = "statvfs@openssh.com";
  static final String FSTATVFS = "fstatvfs@openssh.com";

  /** A write of the longest request fits no more. */
  private static final long FULL_BYTES = SftpChannel.Limits.MOST_BYTES;

  private static final long READ_ONLY_FLAG = 1;

  boolean isFull() {
    boolean noFiles = stats.files() > 0 && stats.filesFree() == 0;
    return noFiles || stats.blocksAvailable() < FULL_BYTES / Math.max(1, stats.blockSizeBytes());
  }

  static SftpSpace read(SftpReply reply) throws SftpStatus, ProtocolException {
    SftpAnswer.expect(reply, SftpConstants.SSH_FXP_EXTENDED_REPLY);
    reply.int64(); // f_bsize: the counts are in f_frsize
    long blockSize = reply.int64();
    long blocks = reply.int64();
    long free = reply.int64();
    long available = reply.int64();
    long files = reply.int64();
    long filesFree = reply.int64();
    reply.int64(); // f_favail
    long id = reply.int64();
    long flags = reply.int64();
    long nameMax = reply.int64();
    return new SftpSpace(
        new FsStats(blockSize, blocks, free, available, files, filesFree, nameMax),
        id,
        (flags & READ_ONLY_FLAG) != 0);
  }
}
