package colabfs.ssh;

import java.nio.ByteBuffer;

/**
 * The bytes of one SFTP subsystem, below the packets: what {@link SftpChannel} talks through. What
 * arrives is handed to the listener in order, one call at a time.
 */
interface SftpLink extends AutoCloseable {

  /** Takes what arrives, on the link's thread, which must not be blocked. */
  interface Listener {
    /** Some bytes, valid during the call only. */
    void received(ByteBuffer bytes);

    /** The end, once, whatever the reason; nothing arrives after it. */
    void closed(Throwable reason);
  }

  /** Begins to deliver; called once, before the first send. */
  void start(Listener listener);

  /**
   * Queues bytes to be sent, after all that were queued before, and returns at once; the buffer is
   * the link's from here on. Sending to a closed link does nothing: the listener has been or will
   * be told.
   */
  void send(ByteBuffer bytes);

  @Override
  void close();
}
