package colabfs.writeback;

import java.io.IOException;
import java.nio.file.Path;

/**
 * What a record file needs of the local disk: {@link LocalDisk}, or in tests one that fails, fills
 * up, or loses its power.
 */
interface Disk {

  /** A new, empty file for the user alone, which must not exist yet. */
  OpenFile create(Path path) throws IOException;

  OpenFile open(Path path) throws IOException;

  /** In one step, over what has the new name. */
  void rename(Path from, Path to) throws IOException;

  /** A second name for a file. */
  void link(Path existing, Path further) throws IOException;

  /** Removes a name if it exists. */
  void delete(Path path) throws IOException;

  /** Waits until the names in a directory would survive a power cut. */
  void syncDirectory(Path directory) throws IOException;

  /** An open file. Threading: any thread, though only one writes or truncates at a time. */
  interface OpenFile extends AutoCloseable {

    /** Writes all of it; after an error any part of it may be written. */
    void write(long position, byte[] bytes, int count) throws IOException;

    /**
     * Reads something.
     *
     * @return how many bytes, at least one; -1 at or behind the end
     */
    int read(long position, byte[] into, int offset, int count) throws IOException;

    long sizeBytes() throws IOException;

    void truncate(long sizeBytes) throws IOException;

    /** Waits until everything written before would survive a power cut. */
    void sync() throws IOException;

    @Override
    void close() throws IOException;
  }
}
