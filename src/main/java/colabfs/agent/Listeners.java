package colabfs.agent;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.TreeListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Passes what happens on to all who listen; one that fails does not keep it from the others. */
final class Listeners implements TreeListener {
  private static final System.Logger LOG = System.getLogger(Listeners.class.getName());

  private final List<TreeListener> all = new CopyOnWriteArrayList<>();

  void add(TreeListener listener) {
    all.add(listener);
  }

  /** Tells one alone. */
  static void tell(TreeListener listener, Consumer<TreeListener> what) {
    try {
      what.accept(listener);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "a listener to the helper failed", e);
    }
  }

  private void tellAll(Consumer<TreeListener> what) {
    all.forEach(listener -> tell(listener, what));
  }

  @Override
  public void up() {
    tellAll(TreeListener::up);
  }

  @Override
  public void down() {
    tellAll(TreeListener::down);
  }

  @Override
  public void changed(RemotePath path, @Nullable FileAttrs attrs) {
    tellAll(listener -> listener.changed(path, attrs));
  }

  @Override
  public void lost(RemotePath directory) {
    tellAll(listener -> listener.lost(directory));
  }
}
