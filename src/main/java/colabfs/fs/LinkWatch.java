package colabfs.fs;

import colabfs.remote.LinkState;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Whether the runtime can be asked now. While it cannot, what was known last is shown; when it can
 * again, all of that is to be looked at anew. Threading: any thread, no lock.
 */
final class LinkWatch {
  private final LinkState state;
  private final AtomicBoolean wasDown = new AtomicBoolean();

  LinkWatch(LinkState state) {
    this.state = state;
    state.onChange(
        up -> {
          if (!up) {
            wasDown.set(true);
          }
        });
  }

  boolean isDown() {
    boolean down = !state.isUp();
    if (down) {
      wasDown.set(true); // may be seen before it is told
    }
    return down;
  }

  /** Whether the link stands again; true once after each time that it went. */
  boolean cameBack() {
    return wasDown.get() && state.isUp() && wasDown.compareAndSet(true, false);
  }
}
