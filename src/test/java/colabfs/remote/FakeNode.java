package colabfs.remote;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** One inode of a {@link FakeRemoteFs}. Threading: guarded by the file system that holds it. */
final class FakeNode {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private static final AtomicLong INODES = new AtomicLong(1000);

  private final InstantSource clock;
  private final long inode = INODES.incrementAndGet();
  final FileType type;

  /** Of a directory: what is in it. */
  final Map<String, FakeNode> entries = new LinkedHashMap<>();

  /** Of a link: its text. */
  final String target;

  int links = 1;
  private int permissions;
  private int uid;
  private int gid;
  private long atimeNanos;
  private long mtimeNanos;
  private long ctimeNanos;
  private byte[] content = new byte[0];
  private int size;

  FakeNode(FileType type, int permissions, String target, InstantSource clock) {
    this.type = type;
    this.permissions = permissions & FileAttrs.PERMISSION_MASK;
    this.target = target;
    this.clock = clock;
    touch();
    atimeNanos = mtimeNanos;
  }

  /** As {@code lstat} over SFTP has it: no inode, no number of links, whole seconds. */
  FileAttrs attrs() {
    long length =
        type == FileType.SYMLINK
            ? target.getBytes(java.nio.charset.StandardCharsets.UTF_8).length
            : type == FileType.DIRECTORY ? 4096 : size;
    long changed = wholeSeconds(mtimeNanos);
    return new FileAttrs(
        type, permissions, uid, gid, length, wholeSeconds(atimeNanos), changed, changed, 0, 0);
  }

  /** As {@code lstat} on the runtime has it. */
  FileAttrs inFull() {
    return attrs().withTimes(atimeNanos, mtimeNanos, ctimeNanos).withIdentity(inode, links);
  }

  /** As READDIR has it, whose long name tells the number of links. */
  List<DirEntry> list() {
    return entries.entrySet().stream()
        .map(
            entry ->
                new DirEntry(
                    entry.getKey(),
                    entry.getValue().attrs().withIdentity(0, entry.getValue().links)))
        .toList();
  }

  int size() {
    return size;
  }

  byte[] content() {
    return Arrays.copyOf(content, size);
  }

  ByteBuffer read(long offset, int lengthBytes) {
    int from = (int) Math.min(offset, size);
    int to = (int) Math.min((long) from + lengthBytes, size);
    return ByteBuffer.wrap(Arrays.copyOfRange(content, from, to));
  }

  void write(long offset, ByteBuffer bytes) {
    int from = Math.toIntExact(offset);
    int end = from + bytes.remaining();
    if (end > content.length) {
      content = Arrays.copyOf(content, Math.max(end, content.length * 2));
    }
    bytes.duplicate().get(content, from, bytes.remaining());
    size = Math.max(size, end);
    touch();
  }

  void resize(long newSize) {
    int length = Math.toIntExact(newSize);
    if (length < size) {
      Arrays.fill(content, length, size, (byte) 0);
    } else if (length > content.length) {
      content = Arrays.copyOf(content, length);
    }
    size = length;
    touch();
  }

  /** Over SFTP: whole seconds arrive. */
  void change(AttrChange change) throws FsException {
    AttrChange.Times times = change.times();
    changeInFull(
        times == null
            ? change
            : new AttrChange(
                change.sizeBytes(),
                change.permissions(),
                change.owner(),
                new AttrChange.Times(
                    wholeSeconds(times.atimeNanos()), wholeSeconds(times.mtimeNanos()))));
  }

  void changeInFull(AttrChange change) throws FsException {
    if (change.sizeBytes() != null) {
      if (type != FileType.REGULAR) {
        throw new FsException(
            type == FileType.DIRECTORY ? Errno.EISDIR : Errno.EINVAL, "cannot cut a " + type);
      }
      resize(change.sizeBytes());
    }
    if (change.permissions() != null) {
      if (type == FileType.SYMLINK) {
        throw new FsException(Errno.EOPNOTSUPP, "a link has no permissions");
      }
      permissions = change.permissions() & FileAttrs.PERMISSION_MASK;
    }
    if (change.owner() != null) {
      uid = change.owner().uid();
      gid = change.owner().gid();
    }
    if (change.times() != null) {
      atimeNanos = change.times().atimeNanos();
      mtimeNanos = change.times().mtimeNanos();
    }
    ctimeNanos = nowNanos();
  }

  void touch() {
    mtimeNanos = nowNanos();
    ctimeNanos = mtimeNanos;
  }

  private long nowNanos() {
    Instant now = clock.instant();
    return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
  }

  private static long wholeSeconds(long nanos) {
    return Math.floorDiv(nanos, NANOS_PER_SECOND) * NANOS_PER_SECOND;
  }
}
