package colabfs.forward;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.forward.ForwardSpec.Kind;
import colabfs.remote.LinkState;
import colabfs.remote.RemotePorts;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The forwards of one mount, until they are stopped or it ends.
 *
 * <p>Threading: any thread; adding waits for the network, one at a time. Errors: {@link
 * ForwardException}, and then nothing was changed.
 */
public final class Forwards implements AutoCloseable {

  /** Nothing listens there (RFC 1078's service is gone), so asking does no harm. */
  private static final int UNUSED_PORT = 1;

  /** More is a mistake in a script. */
  private static final int MOST = 200;

  private final RemotePorts ports;
  private final LinkState link;
  private final ScheduledThreadPoolExecutor timer;

  /** One addition at a time; waits for the network are made under it. */
  private final ReentrantLock adding = new ReentrantLock();

  /** Taken under {@link #adding}; nothing is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final List<Forward> forwards = new ArrayList<>();

  @GuardedBy("lock")
  private boolean closed;

  /** None yet. */
  public Forwards(RemotePorts ports, LinkState link) {
    this.ports = ports;
    this.link = link;
    this.timer =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "forward-timer");
              thread.setDaemon(true);
              return thread;
            },
            new ThreadPoolExecutor.DiscardPolicy());
    link.onChange(
        up -> {
          if (up) {
            timer.execute(() -> all().forEach(Forward::linkIsUp));
          }
        });
  }

  /** Begins all of them or none. Waits for the network where the server must agree. */
  public List<ForwardStatus> add(List<ForwardSpec> specs) throws ForwardException {
    adding.lock();
    List<Forward> made = new ArrayList<>();
    boolean done = false;
    try {
      for (ForwardSpec spec : specs) {
        refuseTwice(spec, made);
      }
      List<LocalForward> here = new ArrayList<>();
      for (ForwardSpec spec : specs) {
        if (spec.kind() != Kind.REMOTE) {
          LocalForward forward = LocalForward.bind(spec, ports);
          made.add(forward);
          here.add(forward);
        }
      }
      checkServer(here);
      for (ForwardSpec spec : specs) {
        if (spec.kind() == Kind.REMOTE) {
          made.add(remote(spec));
        }
      }
      keep(made);
      here.forEach(LocalForward::start);
      done = true;
      boolean up = link.isUp();
      return made.stream().map(forward -> forward.status(up)).toList();
    } finally {
      if (!done) {
        made.forEach(Forward::close);
      }
      adding.unlock();
    }
  }

  private void keep(List<Forward> made) throws ForwardException {
    lock.lock();
    try {
      if (closed) {
        throw new ForwardException("the mount is being unmounted; mount again, and then forward");
      }
      if (forwards.size() + made.size() > MOST) {
        throw new ForwardException(
            "more than %d forwards; stop some: colabfs forward --stop all".formatted(MOST));
      }
      forwards.addAll(made);
    } finally {
      lock.unlock();
    }
  }

  private void refuseTwice(ForwardSpec spec, List<Forward> made) throws ForwardException {
    boolean there = spec.kind() == Kind.REMOTE;
    List<Forward> known = new ArrayList<>(all());
    known.addAll(made);
    for (Forward forward : known) {
      ForwardSpec other = forward.spec();
      boolean same = other.port() == spec.port() && (other.kind() == Kind.REMOTE) == there;
      if (same && spec.port() != 0 && (there || other.bind().equals(spec.bind()))) {
        throw new ForwardException(
            "port %d is forwarded already (%s); stop that first: colabfs forward --stop %s"
                .formatted(spec.port(), other, other));
      }
    }
  }

  /** A server that forwards nothing is told of at once, and not to each caller in turn. */
  private void checkServer(List<LocalForward> made) throws ForwardException {
    if (made.isEmpty() || !link.isUp() || !refuses("127.0.0.1", UNUSED_PORT)) {
      return;
    }
    for (LocalForward forward : made) {
      ForwardSpec spec = forward.spec();
      if (spec.kind() == Kind.DYNAMIC || refuses(spec.host(), spec.hostPort())) {
        throw new ForwardException(
            "the runtime's SSH server does not forward connections%s; put 'AllowTcpForwarding yes' into its /etc/ssh/sshd_config, and have it read that: pkill -HUP -o sshd"
                .formatted(spec.kind() == Kind.DYNAMIC ? "" : " to " + spec.target()));
      }
    }
  }

  private boolean refuses(String host, int port) {
    try {
      ports.connect(host, port).join().close();
      return false;
    } catch (CompletionException e) {
      return e.getCause() instanceof FsException known && known.errno() == Errno.EACCES;
    }
  }

  private RemoteForward remote(ForwardSpec spec) throws ForwardException {
    RemoteForward forward = new RemoteForward(spec, ports, timer);
    try {
      forward.start();
      return forward;
    } catch (FsException e) {
      throw new ForwardException(
          e.isConnectionFailure()
              ? "the runtime cannot be asked for port %d now: %s; try again when 'colabfs status' says connected"
                  .formatted(spec.port(), e.getMessage())
              : "%s; take another: colabfs forward -R %s, or put 'AllowTcpForwarding yes' into the runtime's /etc/ssh/sshd_config"
                  .formatted(e.getMessage(), spec.withPort(spec.port() + 1).words()),
          e);
    }
  }

  /** How each of them is, in the order in which they were made; does not wait. */
  public List<ForwardStatus> list() {
    boolean up = link.isUp();
    return all().stream().map(forward -> forward.status(up)).toList();
  }

  private List<Forward> all() {
    lock.lock();
    try {
      return List.copyOf(forwards);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Stops some, and breaks off their connections.
   *
   * @param which {@code all}; or for each one its port, or how it was typed, with or without its
   *     flag
   * @return those that were stopped
   */
  public List<ForwardStatus> stop(List<String> which) throws ForwardException {
    List<Forward> chosen = new ArrayList<>();
    List<ForwardStatus> last;
    lock.lock();
    try {
      for (String name : which) {
        List<Forward> named =
            name.equals("all")
                ? forwards
                : forwards.stream().filter(forward -> isNamed(forward.spec(), name)).toList();
        check(name, named);
        named.stream().filter(forward -> !chosen.contains(forward)).forEach(chosen::add);
      }
      forwards.removeAll(chosen);
    } finally {
      lock.unlock();
    }
    boolean up = link.isUp();
    last = chosen.stream().map(forward -> forward.status(up)).toList();
    chosen.forEach(Forward::close);
    return last;
  }

  private static void check(String name, List<Forward> named) throws ForwardException {
    if (named.isEmpty() && !name.equals("all")) {
      throw new ForwardException(
          "nothing is forwarded as '%s'; 'colabfs forward --list' shows what is".formatted(name));
    }
    if (named.size() > 1 && !name.equals("all")) {
      throw new ForwardException(
          "'%s' is more than one: %s; name one with its flag"
              .formatted(
                  name, String.join(", ", named.stream().map(f -> f.spec().toString()).toList())));
    }
  }

  private static boolean isNamed(ForwardSpec spec, String name) {
    String words = name.strip();
    Kind kind = null;
    for (Kind each : Kind.values()) {
      if (words.startsWith(each.flag())) {
        kind = each;
        words = words.substring(each.flag().length()).strip();
      }
    }
    if (kind != null && kind != spec.kind()) {
      return false;
    }
    return words.equals(Integer.toString(spec.port())) || isSame(spec, words);
  }

  private static boolean isSame(ForwardSpec spec, String words) {
    try {
      return ForwardSpec.parse(spec.kind(), words).equals(spec);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Stops all of them, for good. */
  @Override
  public void close() {
    List<Forward> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(forwards);
      forwards.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(Forward::close);
    timer.shutdownNow();
  }
}
