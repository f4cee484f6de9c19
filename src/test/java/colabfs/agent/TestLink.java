package colabfs.agent;

import colabfs.remote.LinkState;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** A connection that is there when the test says so. */
final class TestLink implements LinkState {
  private final List<Consumer<Boolean>> listeners = new CopyOnWriteArrayList<>();
  private volatile boolean up;

  TestLink(boolean up) {
    this.up = up;
  }

  void set(boolean now) {
    up = now;
    listeners.forEach(listener -> listener.accept(now));
  }

  @Override
  public boolean isUp() {
    return up;
  }

  @Override
  public void onChange(Consumer<Boolean> listener) {
    listeners.add(listener);
  }
}
