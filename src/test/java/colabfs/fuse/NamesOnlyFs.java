package colabfs.fuse;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.FileSystem;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/** A file system in memory that knows directories and their names only: no local charset in it. */
final class NamesOnlyFs {
  private final Set<RemotePath> directories = new ConcurrentSkipListSet<>(Set.of(RemotePath.ROOT));

  static FileSystem create() {
    NamesOnlyFs names = new NamesOnlyFs();
    return (FileSystem)
        Proxy.newProxyInstance(
            FileSystem.class.getClassLoader(),
            new Class<?>[] {FileSystem.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "getattr" -> names.getattr((RemotePath) arguments[0]);
                  case "readdir" -> names.readdir((RemotePath) arguments[0]);
                  case "access" -> null;
                  case "mkdir" -> {
                    names.directories.add((RemotePath) arguments[0]);
                    yield null;
                  }
                  default -> throw new FsException(Errno.EOPNOTSUPP, method.getName());
                });
  }

  private FileAttrs getattr(RemotePath path) throws FsException {
    if (!directories.contains(path)) {
      throw new FsException(Errno.ENOENT, path.toString());
    }
    return new FileAttrs(
        FileType.DIRECTORY,
        0755,
        0,
        0,
        0,
        0,
        0,
        0,
        (path.hashCode() & 0xffffffffL) | (1L << 33),
        1);
  }

  private List<DirEntry> readdir(RemotePath directory) throws FsException {
    List<DirEntry> entries = new ArrayList<>();
    for (RemotePath path : directories) {
      if (directory.equals(path.parent())) {
        entries.add(new DirEntry(path.name(), getattr(path)));
      }
    }
    return entries;
  }
}
