package colabfs.remote;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;

/**
 * A stream of bytes to and from a program that listens or calls on the runtime's side. The streams
 * block; when the connection to the runtime goes, reading fails: only what ended in order ends as a
 * file does.
 *
 * <p>Threading: one thread a direction; any thread closes.
 */
public interface RemoteStream extends AutoCloseable {

  /** What comes from there; must be read, or the sender stops. */
  InputStream in();

  /** What goes there; closing it tells the other side that there is no more. */
  OutputStream out();

  /** Ends when both directions have, or broke off; what came before may be unread. */
  CompletableFuture<Void> closed();

  /** Gives up both directions. No error when it has ended. */
  @Override
  void close();
}
