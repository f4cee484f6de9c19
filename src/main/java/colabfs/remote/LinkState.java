package colabfs.remote;

import java.util.function.Consumer;

/**
 * Whether there is a connection to the runtime. Up means that one was there a moment ago: calls can
 * fail all the same.
 *
 * <p>Threading: any thread.
 */
public interface LinkState {

  /** Whether there is a connection now. Does not wait. */
  boolean isUp();

  /**
   * Tells of every change from now on: true for a connection that stands, false for one that is
   * gone, for good when the owner gave it up. Who registers first and asks {@link #isUp} then
   * misses nothing. There is no way to leave: a listener lives as long as the link.
   *
   * <p>Listeners are told one change at a time, in order, each on a thread of the implementation's
   * that must not be held up: what waits goes to an executor. By the time a listener is told, the
   * state may have changed again.
   */
  void onChange(Consumer<Boolean> listener);
}
