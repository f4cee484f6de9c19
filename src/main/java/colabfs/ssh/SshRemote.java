package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.remote.LinkState;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteShell;
import colabfs.remote.RuntimeId;
import colabfs.ssh.ConnectFailure.Reason;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A runtime reached by SSH. One connection carries everything; when it goes it is made again, with
 * the profile as it is then, until {@link #close}. When the profile comes to name another server, a
 * connection is left for that one, within seconds.
 *
 * <p>Threading: any thread.
 */
public final class SshRemote implements AutoCloseable {
  private final SshSettings settings;
  private final Dialer dialer;
  private final Traffic traffic = new Traffic();
  private final ScheduledThreadPoolExecutor timer;
  private final Lifeline lifeline;
  private final RemoteFs fs;
  private final RemoteFs wholeRuntime;
  private final RemoteShell shell;
  private final RemotePorts ports;

  /** What is so until there is a connection; null when it began with one. */
  private final @Nullable LastSeen before;

  private volatile @Nullable Connection latest;
  private volatile @Nullable Profile lastTried;
  private volatile Admission admission = Admission.EVERYBODY;

  /** The connection that is being decided on. */
  private volatile @Nullable Connection arrived;

  private SshRemote(SshSettings settings, Surroundings user, @Nullable LastSeen before)
      throws ConnectFailure, InterruptedException {
    this.settings = settings;
    this.before = before;
    this.dialer = new Dialer(settings, user, traffic);
    this.timer = timer();
    Backoff backoff = new Backoff(RandomGenerator.getDefault());
    if (before == null) {
      Connection first = connectFirst();
      this.latest = first;
      this.lifeline = new Lifeline(first, new Again(), backoff, InstantSource.system());
    } else {
      this.lifeline = Lifeline.away(new Again(), backoff, InstantSource.system());
    }
    Patience patience = new Patience(lifeline, timer, settings.callTimeout(), System::nanoTime);
    this.fs = new ReconnectingFs(patience, LiveLink::fs);
    this.wholeRuntime = new ReconnectingFs(patience, LiveLink::wholeRuntime);
    this.shell = new ReconnectingShell(patience);
    this.ports = new ReconnectingPorts(patience);
  }

  /**
   * Connects, logs in and opens the root. Waits for the network, and for people where a prompt
   * does.
   */
  public static SshRemote connect(SshSettings settings) throws ConnectFailure {
    return connect(settings, Surroundings.ofThisProcess());
  }

  static SshRemote connect(SshSettings settings, Surroundings user) throws ConnectFailure {
    return make(settings, user, null);
  }

  /**
   * Begins without a connection, and makes one when the server answers: until then every call ends
   * at once, and what this tells of the server is what an earlier connection told.
   */
  public static SshRemote offline(SshSettings settings, LastSeen before) throws ConnectFailure {
    return make(settings, Surroundings.ofThisProcess(), before);
  }

  private static SshRemote make(SshSettings settings, Surroundings user, @Nullable LastSeen before)
      throws ConnectFailure {
    try {
      return new SshRemote(settings, user, before);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConnectFailure(Reason.TRANSPORT, "connecting was interrupted. Try again.", e);
    }
  }

  private Connection connectFirst() throws ConnectFailure, InterruptedException {
    boolean done = false;
    try {
      Connection first = connectOnce(null);
      done = true;
      return first;
    } finally {
      if (!done) {
        timer.shutdownNow();
        dialer.close();
      }
    }
  }

  private static ScheduledThreadPoolExecutor timer() {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "colabfs-timer");
              thread.setDaemon(true);
              return thread;
            },
            new ThreadPoolExecutor.DiscardPolicy());
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  /** Reads the profile and connects with it. What the last connection saw need not be learnt. */
  private Connection connectOnce(@Nullable Connection last)
      throws ConnectFailure, InterruptedException {
    Profile profile;
    try {
      profile = settings.profile().read();
    } catch (ProfileException e) {
      throw new ConnectFailure(Reason.TRANSPORT, String.valueOf(e.getMessage()), e);
    }
    lastTried = profile;
    Pin pinned = pinned(profile, last == null ? keyBefore() : last.pin());
    Dialer.Dialed dialed = dial(profile, pinned, last != null);
    String asked = settings.root() == null ? profile.root() : settings.root();
    return Connection.open(
        dialed,
        new Opening(
            before == null ? asked : before.root(), // what is unsent is of that directory
            settings.callTimeout(),
            settings.connectTimeout(),
            timer,
            traffic,
            last == null ? null : last.identityOf(dialed, profile.user())));
  }

  private @Nullable Pin keyBefore() {
    return before == null ? null : new Pin(HostKey.parse(before.hostKey()), null);
  }

  /** {@code again}: a profile that is changed meanwhile ends the attempt, or it would last long. */
  private Dialer.Dialed dial(Profile profile, @Nullable Pin pinned, boolean again)
      throws ConnectFailure, InterruptedException {
    try {
      return dialer.dial(profile, pinned, !again, () -> again && isChanged());
    } catch (ConnectFailure e) {
      if (again && e.reason() == Reason.TIMEOUT && isChanged()) {
        throw new ConnectFailure(
            Reason.TRANSPORT, "the profile was changed meanwhile: trying with the new one.", e);
      }
      throw e;
    }
  }

  /** Whether the profile is another than the last attempt's. */
  private boolean isChanged() {
    try {
      return !settings.profile().read().equals(lastTried);
    } catch (ProfileException e) {
      return false;
    }
  }

  private static @Nullable Pin pinned(Profile profile, @Nullable Pin learned)
      throws ConnectFailure {
    String line = profile.hostKey();
    if (line == null) {
      return learned;
    }
    try {
      return new Pin(
          HostKey.parse(line),
          profile.endpoint() instanceof Profile.Colab colab ? colab.pinnedRuntime() : null);
    } catch (IllegalArgumentException e) {
      throw new ConnectFailure(
          Reason.HOST_KEY_UNKNOWN,
          "profile '"
              + profile.name()
              + "': "
              + e.getMessage()
              + ". Pin the right one with 'colabfs init "
              + profile.name()
              + " --host-key KEY'.",
          e);
    }
  }

  private final class Again implements Lifeline.Connector {
    @Override
    public LiveLink connect() throws ConnectFailure, InterruptedException {
      Connection made = connectOnce(latest);
      admit(made);
      latest = made;
      return made;
    }

    @Override
    public boolean isChanged() {
      return SshRemote.this.isChanged();
    }

    /** Other credentials or another root are no reason to leave a server that answers. */
    @Override
    public boolean isElsewhere() {
      Profile tried = lastTried;
      try {
        Profile now = settings.profile().read();
        Pin pinned = pinned(now, null);
        Connection connection = latest;
        return tried != null
            && connection != null
            && !(now.endpoint().leadsWhere(tried.endpoint())
                && now.user().equals(tried.user())
                && (pinned == null || pinned.key().equals(connection.hostKey())));
      } catch (ProfileException | ConnectFailure e) {
        return false;
      }
    }
  }

  /** Has the connection decided on. When the profile changes meanwhile, it is not wanted. */
  private void admit(Connection made) throws ConnectFailure, InterruptedException {
    arrived = made;
    long period = Lifeline.LOOK_FOR_CHANGE.toMillis();
    ScheduledFuture<?> looking =
        timer.scheduleWithFixedDelay(
            () -> closeIfChanged(made), period, period, TimeUnit.MILLISECONDS);
    boolean admitted = false;
    try {
      admission.admit(new Arrived(made, lifeline));
      admitted = true;
    } finally {
      looking.cancel(false);
      arrived = null;
      if (!admitted) {
        made.close();
      }
    }
    String over = made.lost().getNow(null);
    if (over != null) {
      throw new ConnectFailure(
          Reason.TRANSPORT, "the new connection ended before it was used (" + over + ").");
    }
  }

  private void closeIfChanged(Connection made) {
    if (isChanged()) {
      made.close();
    }
  }

  /** From now on connections that are made again are decided on by that. */
  public void admitBy(Admission decider) {
    admission = decider;
  }

  /** Leaves the present connection and makes another, which is decided on before it is used. */
  public void leave(String reason) {
    LiveLink now = lifeline.now();
    if (now != null) {
      lifeline.lost(now, reason);
    }
  }

  /** The files below the root. */
  public RemoteFs fs() {
    return fs;
  }

  /** The runtime's files from {@code /} on, for links that lead out of the root. */
  public RemoteFs wholeRuntime() {
    return wholeRuntime;
  }

  /** Commands on the runtime. */
  public RemoteShell shell() {
    return shell;
  }

  /** Streams to and from the runtime's network. */
  public RemotePorts ports() {
    return ports;
  }

  /** All that follows at once, of the last connection, for a later one to begin with. */
  public LastSeen lastSeen() {
    Connection connection = latest;
    return connection == null
        ? Objects.requireNonNull(before, "without a connection, this is what it began with")
        : new LastSeen(
            connection.root(),
            connection.identity(),
            connection.hostKey().line(),
            connection.runtimeId(),
            connection.facts());
  }

  /** Who the login is. */
  public RemoteIdentity identity() {
    return lastSeen().identity();
  }

  /** Absolute path of the root on the runtime, links resolved. */
  public String root() {
    return lastSeen().root();
  }

  /** What the login was let in for, for people: the method, and which key; empty before that. */
  public String loginWay() {
    Connection connection = latest;
    return connection == null ? "" : connection.way();
  }

  /** Key line of the server that answered. */
  public String hostKey() {
    return lastSeen().hostKey();
  }

  /**
   * The profile with the key of the server that answered, where it has none, or one of another
   * runtime.
   */
  public Profile pinnedIn(Profile profile) {
    Connection connection = latest;
    if (connection == null) {
      return profile;
    }
    Pin pin = connection.pin();
    boolean isFormer =
        profile.endpoint() instanceof Profile.Colab colab
            && pin.runtime() != null
            && !pin.runtime().equals(colab.pinnedRuntime());
    return profile.hostKey() == null || isFormer
        ? profile.withHostKey(pin.key().line(), pin.runtime())
        : profile;
  }

  /** Which runtime answered, asked anew at every connect. */
  public RuntimeId runtimeId() {
    return lastSeen().runtimeId();
  }

  /** What the server says of itself. */
  public Profile.ServerFacts facts() {
    return lastSeen().facts();
  }

  /**
   * Whether there is a connection; when a listener is told of one, what this tells of the server is
   * of that connection or a later one.
   */
  public LinkState link() {
    return lifeline;
  }

  /** How the connection is doing. */
  public LinkStatus status() {
    LinkStatus link = lifeline.status();
    Connection connection = latest;
    return new LinkStatus(
        link.state(),
        connection == null ? null : connection.roundTrip(),
        link.since(),
        link.lastError(),
        traffic.sentBytes(),
        traffic.receivedBytes());
  }

  /** Gives the connection up; calls in flight end with ENOTCONN. */
  @Override
  public void close() {
    lifeline.close();
    Connection undecided = arrived;
    if (undecided != null) {
      undecided.close();
    }
    dialer.close();
    timer.shutdownNow();
  }
}
