package colabfs.fuse;

import colabfs.core.FileType;
import com.kenai.jffi.MemoryIO;

/**
 * What matters here of the attributes in an answer.
 *
 * @param hasManyNames a file with hard links, which the kernel takes for several files
 */
record Attrs(boolean isDirectory, boolean hasManyNames) {
  /** From a {@code struct fuse_attr}. */
  static Attrs at(long address) {
    MemoryIO memory = MemoryIO.getInstance();
    boolean directory = FileType.ofMode(memory.getInt(address + Wire.MODE)) == FileType.DIRECTORY;
    return new Attrs(directory, !directory && memory.getInt(address + Wire.LINKS) > 1);
  }
}
