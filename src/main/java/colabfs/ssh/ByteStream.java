package colabfs.ssh;

import java.io.IOException;

/**
 * Bytes to and from a server, for SSH to run over.
 *
 * <p>Threading: one thread reads, one writes, any closes; a close ends the waiting of both.
 */
interface ByteStream extends AutoCloseable {

  /** Waits for bytes, and gives what is there: how many, or -1 at the end. */
  int read(byte[] into) throws IOException, InterruptedException;

  /** Returns when the bytes are on their way and the array may be used again. */
  void write(byte[] from, int offset, int length) throws IOException, InterruptedException;

  /** No more is written. */
  void shutdownOutput() throws IOException;

  /** Why it has ended, in words; may wait a moment to know. */
  String ending() throws InterruptedException;

  /** At once; nothing is waited for. */
  @Override
  void close();
}
