package colabfs.app;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.Proxy;

/**
 * What the process does when it is sent a signal.
 *
 * <p>Java has no public API for that. {@code sun.misc.Signal} of the module jdk.unsupported is
 * meant to be used (JEP 260), but the compiler cannot be told to accept it, so it is found by name.
 */
public final class ProcessSignals {
  private static final Logger LOG = System.getLogger(ProcessSignals.class.getName());

  private ProcessSignals() {}

  /**
   * Has an action done, on a thread of its own, each time a signal comes, instead of what the
   * system would do.
   *
   * @param name without "SIG": {@code INT}, {@code TERM}, {@code HUP}
   */
  public static void on(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              ProcessSignals.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                switch (method.getName()) {
                  case "handle" -> {
                    action.run();
                    return null;
                  }
                  case "hashCode" -> {
                    return System.identityHashCode(self);
                  }
                  case "equals" -> {
                    return self == arguments[0];
                  }
                  default -> {
                    return "signal handler";
                  }
                }
              });
      Object instance = signal.getConstructor(String.class).newInstance(name);
      signal.getMethod("handle", signal, handler).invoke(null, instance, proxy);
    } catch (ReflectiveOperationException e) {
      // A Java without the module, or started with -Xrs: the system's own way stays.
      LOG.log(Level.DEBUG, "no handler for " + name, e);
    }
  }
}
