package colabfs.remote;

import colabfs.core.FileAttrs;
import java.util.List;

/**
 * What tells the blocks of a file from others.
 *
 * @param attrs of the file, the same before and after it was read
 * @param digests the first 16 bytes of each block's SHA-256
 */
public record BlockDigests(FileAttrs attrs, List<byte[]> digests) {

  /** Length of a digest. */
  public static final int DIGEST_BYTES = 16;
}
