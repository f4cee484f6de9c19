package colabfs.agent;

import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What Java says of a file of this machine, as {@code lstat} would. */
final class LocalAttrs {
  private LocalAttrs() {}

  static FileAttrs of(Path file) throws IOException {
    Map<String, Object> all = Files.readAttributes(file, "unix:*", LinkOption.NOFOLLOW_LINKS);
    int mode = number(all, "mode").intValue();
    return new FileAttrs(
        FileType.ofMode(mode),
        mode & FileAttrs.PERMISSION_MASK,
        number(all, "uid").intValue(),
        number(all, "gid").intValue(),
        number(all, "size").longValue(),
        nanos(all, "lastAccessTime"),
        nanos(all, "lastModifiedTime"),
        nanos(all, "ctime"),
        number(all, "ino").longValue(),
        number(all, "nlink").intValue());
  }

  private static Number number(Map<String, Object> all, String key) {
    return (Number) all.getOrDefault(key, 0);
  }

  private static long nanos(Map<String, Object> all, String key) {
    return ((FileTime) all.getOrDefault(key, FileTime.fromMillis(0))).to(TimeUnit.NANOSECONDS);
  }
}
