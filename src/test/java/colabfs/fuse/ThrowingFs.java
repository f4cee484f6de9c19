package colabfs.fuse;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.fs.FileHandle;
import colabfs.fs.FileSystem;
import colabfs.fs.OpenMode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A file system whose bugs can be switched on: an operation throws while the served directory's
 * sibling named {@code <directory>.throw-<operation>} exists.
 */
final class ThrowingFs implements FileSystem {
  private final FileSystem fs;
  private final Path directory;

  ThrowingFs(FileSystem fs, Path directory) {
    this.fs = fs;
    this.directory = directory;
  }

  static Path trigger(Path directory, String operation) {
    return directory.resolveSibling(directory.getFileName() + ".throw-" + operation);
  }

  private void bug(String operation) {
    if (Files.exists(trigger(directory, operation))) {
      if (operation.length() % 2 == 0) {
        throw new IllegalStateException("a bug in " + operation);
      }
      throw new AssertionError("a bug in " + operation);
    }
  }

  @Override
  public FileAttrs getattr(RemotePath path) throws FsException {
    bug("getattr");
    return fs.getattr(path);
  }

  @Override
  public List<DirEntry> readdir(RemotePath path) throws FsException {
    bug("readdir");
    return fs.readdir(path);
  }

  @Override
  public String readlink(RemotePath link) throws FsException {
    bug("readlink");
    return fs.readlink(link);
  }

  @Override
  public FileHandle open(RemotePath path, OpenMode mode) throws FsException {
    bug("open");
    return new Handle(fs.open(path, mode));
  }

  @Override
  public FileHandle create(RemotePath path, int permissions, OpenMode mode) throws FsException {
    bug("create");
    return new Handle(fs.create(path, permissions, mode));
  }

  @Override
  public void mkdir(RemotePath path, int permissions) throws FsException {
    bug("mkdir");
    fs.mkdir(path, permissions);
  }

  @Override
  public void rmdir(RemotePath path) throws FsException {
    bug("rmdir");
    fs.rmdir(path);
  }

  @Override
  public void unlink(RemotePath path) throws FsException {
    bug("unlink");
    fs.unlink(path);
  }

  @Override
  public void rename(RemotePath from, RemotePath to) throws FsException {
    bug("rename");
    fs.rename(from, to);
  }

  @Override
  public void hide(RemotePath file, RemotePath hidden) throws FsException {
    bug("rename");
    fs.hide(file, hidden);
  }

  @Override
  public void symlink(String target, RemotePath link) throws FsException {
    bug("symlink");
    fs.symlink(target, link);
  }

  @Override
  public void link(RemotePath existing, RemotePath link) throws FsException {
    bug("link");
    fs.link(existing, link);
  }

  @Override
  public void chmod(RemotePath path, int permissions) throws FsException {
    bug("chmod");
    fs.chmod(path, permissions);
  }

  @Override
  public void chown(RemotePath path, int uid, int gid) throws FsException {
    bug("chown");
    fs.chown(path, uid, gid);
  }

  @Override
  public void truncate(RemotePath path, long sizeBytes) throws FsException {
    bug("truncate");
    fs.truncate(path, sizeBytes);
  }

  @Override
  public void utimens(RemotePath path, AttrChange.Times times) throws FsException {
    bug("utimens");
    fs.utimens(path, times);
  }

  @Override
  public FsStats statfs(RemotePath path) throws FsException {
    bug("statfs");
    return fs.statfs(path);
  }

  @Override
  public void access(RemotePath path, int mask) throws FsException {
    bug("access");
    fs.access(path, mask);
  }

  private final class Handle implements FileHandle {
    private final FileHandle file;

    Handle(FileHandle file) {
      this.file = file;
    }

    @Override
    public int read(long offset, ByteBuffer into) throws FsException {
      bug("read");
      return file.read(offset, into);
    }

    @Override
    public int write(long offset, ByteBuffer from) throws FsException {
      bug("write");
      return file.write(offset, from);
    }

    @Override
    public void ftruncate(long sizeBytes) throws FsException {
      bug("ftruncate");
      file.ftruncate(sizeBytes);
    }

    @Override
    public FileAttrs fgetattr() throws FsException {
      bug("fgetattr");
      return file.fgetattr();
    }

    @Override
    public void flush() throws FsException {
      bug("flush");
      file.flush();
    }

    @Override
    public void fsync() throws FsException {
      bug("fsync");
      file.fsync();
    }

    @Override
    public void release() {
      bug("release");
      file.release();
    }
  }
}
