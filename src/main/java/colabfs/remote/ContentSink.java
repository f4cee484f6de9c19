package colabfs.remote;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;

/** Takes the contents of files. */
public interface ContentSink {

  /**
   * A whole file.
   *
   * @param attrs as they were before and after it was read
   */
  void content(RemotePath file, FileAttrs attrs, byte[] content);

  /** A file that is left out: EFBIG, EAGAIN when it was being changed, ENOENT, EACCES, ... */
  void leftOut(RemotePath file, Errno why);
}
