package colabfs.fuse;

import colabfs.core.FileAttrs;
import colabfs.core.FsStats;
import colabfs.fs.OpenMode;
import java.time.Instant;
import jnr.constants.platform.OpenFlags;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.FuseFileInfo;
import ru.serce.jnrfuse.struct.Statvfs;
import ru.serce.jnrfuse.struct.Timespec;

/** Reads and writes C's structures: stat, statvfs, fuse_file_info, timespec. */
final class Structures {
  private static final long NANOS = 1_000_000_000L;

  /** POSIX.1-2008's sys/stat.h, the values of Linux. */
  private static final long UTIME_NOW = (1L << 30) - 1;

  private static final long UTIME_OMIT = (1L << 30) - 2;

  /** What a copying program should use as its buffer: FUSE's largest request. */
  private static final int PREFERRED_BLOCK_BYTES = 128 * 1024;

  /** The unit of st_blocks, whatever the file system's block is. */
  private static final int STAT_BLOCK_BYTES = 512;

  private static final FuseFileInfo INFO =
      FuseFileInfo.of(Memory.allocateDirect(Runtime.getSystemRuntime(), 64, true));
  private static final long FLAGS_OFFSET = INFO.flags.offset();
  private static final long HANDLE_OFFSET = INFO.fh.offset();
  private static final int STAT_BYTES =
      Struct.size(FileStat.of(Memory.allocateDirect(Runtime.getSystemRuntime(), 512, true)));
  private static final int TIMESPEC_BYTES = 16;

  private static final int ACCESS_MODE = OpenFlags.O_ACCMODE.intValue();
  private static final int WRITE_ONLY = OpenFlags.O_WRONLY.intValue();
  private static final int READ_WRITE = OpenFlags.O_RDWR.intValue();
  private static final int APPEND = OpenFlags.O_APPEND.intValue();
  private static final int TRUNCATE = OpenFlags.O_TRUNC.intValue();
  private static final int EXCLUSIVE = OpenFlags.O_EXCL.intValue();

  /** One of utimensat's two times. */
  record Utime(long seconds, long nanosOrSpecial) {
    boolean omitted() {
      return nanosOrSpecial == UTIME_OMIT;
    }

    /** Nanoseconds since the epoch; beyond the years 1677 and 2262 the nearest that can be told. */
    long nanos(Instant now, long present) {
      if (omitted()) {
        return present;
      }
      if (nanosOrSpecial == UTIME_NOW) {
        return now.getEpochSecond() * NANOS + now.getNano();
      }
      long limit = Long.MAX_VALUE / NANOS - 1;
      return Math.max(-limit, Math.min(limit, seconds)) * NANOS + nanosOrSpecial;
    }
  }

  private Structures() {}

  static int statBytes() {
    return STAT_BYTES;
  }

  /** libfuse hands over zeroed memory; what is not set here stays zero. */
  static void putStat(FileAttrs attrs, Pointer memory) {
    putStat(attrs, FileStat.of(memory));
  }

  static void putStat(FileAttrs attrs, FileStat stat) {
    stat.st_ino.set(attrs.inode());
    stat.st_mode.set(attrs.mode());
    stat.st_nlink.set(attrs.links());
    stat.st_uid.set(attrs.uid());
    stat.st_gid.set(attrs.gid());
    stat.st_size.set(attrs.sizeBytes());
    stat.st_blksize.set(PREFERRED_BLOCK_BYTES);
    stat.st_blocks.set((attrs.sizeBytes() + STAT_BLOCK_BYTES - 1) / STAT_BLOCK_BYTES);
    putTime(stat.st_atim, attrs.atimeNanos());
    putTime(stat.st_mtim, attrs.mtimeNanos());
    putTime(stat.st_ctim, attrs.ctimeNanos());
  }

  private static void putTime(Timespec time, long nanos) {
    time.tv_sec.set(Math.floorDiv(nanos, NANOS));
    time.tv_nsec.set(Math.floorMod(nanos, NANOS));
  }

  static void putStatvfs(FsStats from, Pointer memory) {
    Statvfs to = Statvfs.of(memory);
    to.f_bsize.set(from.blockSizeBytes());
    to.f_frsize.set(from.blockSizeBytes());
    to.f_blocks.set(from.blocks());
    to.f_bfree.set(from.blocksFree());
    to.f_bavail.set(from.blocksAvailable());
    to.f_files.set(from.files());
    to.f_ffree.set(from.filesFree());
    to.f_favail.set(from.filesFree());
    to.f_namemax.set(from.nameMaxBytes());
  }

  static OpenMode openMode(Pointer info) {
    int flags = info.getInt(FLAGS_OFFSET);
    int access = flags & ACCESS_MODE;
    return new OpenMode(
        access != WRITE_ONLY,
        access == WRITE_ONLY || access == READ_WRITE,
        (flags & APPEND) != 0,
        (flags & TRUNCATE) != 0,
        (flags & EXCLUSIVE) != 0);
  }

  static long handle(Pointer info) {
    return info.getLong(HANDLE_OFFSET);
  }

  static void setHandle(Pointer info, long number) {
    info.putLong(HANDLE_OFFSET, number);
  }

  static Utime utime(Pointer twoTimes, int index) {
    long offset = (long) index * TIMESPEC_BYTES;
    return new Utime(twoTimes.getLong(offset), twoTimes.getLong(offset + Long.BYTES));
  }
}
