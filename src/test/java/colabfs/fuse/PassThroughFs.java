package colabfs.fuse;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.fs.FileHandle;
import colabfs.fs.FileSystem;
import colabfs.fs.OpenMode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A {@link FileSystem} over a plain local directory: what the adapter is tested with. */
final class PassThroughFs implements FileSystem {
  private final Path root;

  PassThroughFs(Path root) {
    this.root = root;
  }

  private interface Call<T> {
    T run() throws IOException;
  }

  private Path at(RemotePath path) {
    return path.isRoot() ? root : root.resolve(path.toString().substring(1));
  }

  private static <T> T call(Call<T> body) throws FsException {
    try {
      return body.run();
    } catch (IOException e) {
      throw new FsException(errnoOf(e), String.valueOf(e.getMessage()), e);
    }
  }

  private static Errno errnoOf(IOException e) {
    if (e instanceof NoSuchFileException) {
      return Errno.ENOENT;
    } else if (e instanceof FileAlreadyExistsException) {
      return Errno.EEXIST;
    } else if (e instanceof DirectoryNotEmptyException) {
      return Errno.ENOTEMPTY;
    } else if (e instanceof AccessDeniedException) {
      return Errno.EACCES;
    } else if (e instanceof NotDirectoryException) {
      return Errno.ENOTDIR;
    } else if (e instanceof FileSystemLoopException) {
      return Errno.ELOOP;
    }
    String reason = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    if (e instanceof FileSystemException) {
      for (Errno errno : Errno.values()) {
        if (reason.contains(errno.text())) {
          return errno;
        }
      }
    }
    return Errno.EIO;
  }

  static FileAttrs attrsOf(Path path) throws IOException {
    Map<String, Object> map = Files.readAttributes(path, "unix:*", LinkOption.NOFOLLOW_LINKS);
    int mode = attribute(map, "mode", Integer.class);
    return new FileAttrs(
        FileType.ofMode(mode),
        mode & FileAttrs.PERMISSION_MASK,
        attribute(map, "uid", Integer.class),
        attribute(map, "gid", Integer.class),
        attribute(map, "size", Long.class),
        nanos(attribute(map, "lastAccessTime", FileTime.class)),
        nanos(attribute(map, "lastModifiedTime", FileTime.class)),
        nanos(attribute(map, "ctime", FileTime.class)),
        attribute(map, "ino", Long.class),
        attribute(map, "nlink", Integer.class));
  }

  private static <T> T attribute(Map<String, Object> map, String name, Class<T> type) {
    return type.cast(Objects.requireNonNull(map.get(name), name));
  }

  private static long nanos(FileTime time) {
    return time.to(TimeUnit.NANOSECONDS);
  }

  @Override
  public FileAttrs getattr(RemotePath path) throws FsException {
    return call(() -> attrsOf(at(path)));
  }

  @Override
  public List<DirEntry> readdir(RemotePath directory) throws FsException {
    return call(
        () -> {
          List<DirEntry> entries = new ArrayList<>();
          try (DirectoryStream<Path> stream = Files.newDirectoryStream(at(directory))) {
            for (Path entry : stream) {
              entries.add(new DirEntry(entry.getFileName().toString(), attrsOf(entry)));
            }
          }
          return entries;
        });
  }

  @Override
  public String readlink(RemotePath link) throws FsException {
    return call(() -> Files.readSymbolicLink(at(link)).toString());
  }

  @Override
  public FileHandle open(RemotePath path, OpenMode mode) throws FsException {
    return call(() -> handle(at(path), mode, Set.of()));
  }

  @Override
  public FileHandle create(RemotePath path, int permissions, OpenMode mode) throws FsException {
    return call(
        () -> {
          StandardOpenOption creating =
              mode.exclusive() ? StandardOpenOption.CREATE_NEW : StandardOpenOption.CREATE;
          boolean existed = Files.exists(at(path), LinkOption.NOFOLLOW_LINKS);
          FileHandle made = handle(at(path), mode, Set.of(creating));
          if (!existed) {
            Files.setAttribute(at(path), "unix:mode", permissions);
          }
          return made;
        });
  }

  /** Opened to read and write when that is allowed, so that a file made read-only can be filled. */
  private FileHandle handle(Path path, OpenMode mode, Set<StandardOpenOption> more)
      throws IOException {
    Set<OpenOption> options = new HashSet<>(more);
    options.add(StandardOpenOption.READ);
    if (mode.write() || mode.truncate()) {
      options.add(StandardOpenOption.WRITE);
    }
    if (mode.truncate()) {
      options.add(StandardOpenOption.TRUNCATE_EXISTING);
    }
    return new PassThroughFile(FileChannel.open(path, options), path, mode.append(), attrsOf(path));
  }

  @Override
  public void mkdir(RemotePath directory, int permissions) throws FsException {
    call(
        () -> {
          Files.createDirectory(at(directory));
          return Files.setAttribute(at(directory), "unix:mode", permissions);
        });
  }

  @Override
  public void rmdir(RemotePath directory) throws FsException {
    delete(directory);
  }

  @Override
  public void unlink(RemotePath file) throws FsException {
    delete(file);
  }

  private void delete(RemotePath path) throws FsException {
    call(
        () -> {
          Files.delete(at(path));
          return "";
        });
  }

  @Override
  public void rename(RemotePath from, RemotePath to) throws FsException {
    call(() -> Files.move(at(from), at(to), StandardCopyOption.ATOMIC_MOVE));
  }

  /** Leaves the removing to libfuse, which seldom forgets it where renames are fast. */
  @Override
  public void hide(RemotePath file, RemotePath hidden) throws FsException {
    rename(file, hidden);
  }

  @Override
  public void symlink(String target, RemotePath link) throws FsException {
    call(() -> Files.createSymbolicLink(at(link), Path.of(target)));
  }

  @Override
  public void link(RemotePath existing, RemotePath link) throws FsException {
    call(() -> Files.createLink(at(link), at(existing)));
  }

  @Override
  public void chmod(RemotePath path, int permissions) throws FsException {
    call(() -> Files.setAttribute(at(path), "unix:mode", permissions));
  }

  @Override
  public void chown(RemotePath path, int uid, int gid) throws FsException {
    call(
        () -> {
          if (uid != -1) {
            Files.setAttribute(at(path), "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
          }
          if (gid != -1) {
            Files.setAttribute(at(path), "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
          }
          return "";
        });
  }

  @Override
  public void truncate(RemotePath path, long sizeBytes) throws FsException {
    FileHandle handle = open(path, OpenMode.WRITE);
    try {
      handle.ftruncate(sizeBytes);
    } finally {
      handle.release();
    }
  }

  @Override
  public void utimens(RemotePath path, AttrChange.Times times) throws FsException {
    call(
        () -> {
          Files.getFileAttributeView(
                  at(path), BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
              .setTimes(
                  FileTime.from(times.mtimeNanos(), TimeUnit.NANOSECONDS),
                  FileTime.from(times.atimeNanos(), TimeUnit.NANOSECONDS),
                  null);
          return "";
        });
  }

  @Override
  public FsStats statfs(RemotePath path) throws FsException {
    return call(
        () -> {
          FileStore store = Files.getFileStore(root);
          long block = store.getBlockSize();
          return new FsStats(
              block,
              store.getTotalSpace() / block,
              store.getUnallocatedSpace() / block,
              store.getUsableSpace() / block,
              1_000_000,
              999_999,
              RemotePath.NAME_MAX_BYTES);
        });
  }

  /** The owner's bits decide, also for root, which may do anything. */
  @Override
  public void access(RemotePath path, int mask) throws FsException {
    int permissions = getattr(path).permissions();
    int execute = mask & 1;
    if (execute != 0 && (permissions & 0111) == 0) {
      throw new FsException(Errno.EACCES, "not executable: " + path);
    }
  }
}
