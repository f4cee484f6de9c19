package colabfs.fs;

import colabfs.core.FileAttrs;

/** What tells two contents of one file apart, as far as SFTP can: length and seconds of mtime. */
record Version(long sizeBytes, long mtimeSeconds) {
  static Version of(FileAttrs attrs) {
    return new Version(attrs.sizeBytes(), TimeKeeper.seconds(attrs.mtimeNanos()));
  }
}
