package colabfs.doctor;

import colabfs.control.MountStatus;
import colabfs.profile.HostKeyLine;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import colabfs.ssh.ConnectFailure;
import colabfs.ssh.HostKeyPrompt;
import colabfs.ssh.SecretPrompt;
import colabfs.ssh.SshRemote;
import colabfs.ssh.SshSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The way to the runtime, step by step. One attempt to connect is made, whatever the transport is,
 * and each step tells what came of its part; where a mount of the profile is connected, that
 * connection is looked at instead, because a runtime may take no second one.
 *
 * <p>Threading: one check after the other.
 */
final class ConnectionChecks implements Way, AutoCloseable {
  /** What is lost without each of SFTP's extensions that are used. */
  private static final Map<String, String> LOST =
      new LinkedHashMap<>(
          Map.of(
              "posix-rename@openssh.com", "a file is not replaced in one step",
              "hardlink@openssh.com", "no hard links",
              "fsync@openssh.com", "fsync does not reach the runtime's disk",
              "statvfs@openssh.com", "df shows no numbers",
              "lsetstat@openssh.com", "times of symbolic links cannot be set",
              "limits@openssh.com", "requests are of 32 KiB, so large files are slower"));

  private final Here here;
  private final Mounts mounts;
  private final String name;
  private final SecretPrompt secrets;
  private final Duration patience;

  private volatile @Nullable Profile profile;
  private volatile @Nullable MountStatus mounted;
  private volatile @Nullable SshRemote remote;
  private volatile @Nullable ConnectFailure failure;
  private volatile boolean closed;

  ConnectionChecks(Here here, Mounts mounts, String name, SecretPrompt secrets, Duration patience) {
    this.here = here;
    this.mounts = mounts;
    this.name = name;
    this.secrets = secrets;
    this.patience = patience;
  }

  List<Check> all() {
    return List.of(
        Check.of("profile", this::profile),
        Check.of("name", this::name, "profile"),
        Check.of("transport", this::transport, "name").thatEndsByItself(),
        Check.of("host-key", this::hostKey, "transport"),
        Check.of("authentication", this::authentication, "host-key"),
        Check.of("sftp", this::sftp, "authentication"),
        Check.of("root", this::root, "sftp"));
  }

  Mounts mounts() {
    return mounts;
  }

  @Override
  public @Nullable MountStatus mounted() {
    return mounted;
  }

  @Override
  public Line line() throws IOException {
    MountStatus mount = mounted;
    SshRemote own = remote;
    if (mount != null) {
      return new MountLine(mounts.client(mount.mount()));
    }
    if (own == null) {
      throw new IOException("there is no connection");
    }
    return new OwnLine(own);
  }

  private Finding profile() throws ProfileException, IOException {
    ProfileStore.Seen seen =
        new ProfileStore(ProfileStore.configDirectory(here.environment())).look(name);
    profile = seen.profile();
    mounted = mounts.connected(name).orElse(null);
    return seen.isOpenToOthers()
        ? Finding.warn(
            "profile",
            "%s is open to others".formatted(seen.file()),
            "chmod 600 %s, and change a password that is in it".formatted(seen.file()))
        : Finding.ok("profile", "%s: %s".formatted(name, where(seen.profile())));
  }

  private static String where(Profile profile) {
    return "%s@%s:%d, root %s"
        .formatted(
            profile.user(), profile.endpoint().host(), profile.endpoint().port(), profile.root());
  }

  private Profile known() {
    return Objects.requireNonNull(profile, "the profile was read before");
  }

  private Finding name() {
    Profile.Endpoint endpoint = known().endpoint();
    if (mounted != null) {
      return Finding.ok("name", "not needed: the mount is connected");
    }
    if (!(endpoint instanceof Profile.Tcp)) {
      return Finding.ok("name", "the transport looks up %s itself".formatted(endpoint.host()));
    }
    try {
      InetAddress[] found = InetAddress.getAllByName(endpoint.host());
      return Finding.ok(
          "name",
          "%s is %s"
              .formatted(
                  endpoint.host(),
                  Stream.of(found)
                      .map(InetAddress::getHostAddress)
                      .collect(Collectors.joining(", "))));
    } catch (UnknownHostException e) {
      return Finding.fail(
          "name",
          "the host name '%s' is unknown".formatted(endpoint.host()),
          "check its spelling and your network; if the runtime or its tunnel was started again,"
              + " run 'colabfs init' with the new address");
    }
  }

  /** Waits for the network, and for a person where a secret is missing. */
  private Finding transport() {
    MountStatus mount = mounted;
    if (mount != null) {
      return Finding.ok(
          "transport",
          "connected, by the mount at %s; what follows goes through it"
              .formatted(mount.mount().mountpoint()));
    }
    Profile meant = known();
    try {
      SshRemote made =
          SshRemote.connect(
              new SshSettings(
                  () -> meant, null, HostKeyPrompt.REFUSE, secrets, patience, patience));
      remote = made;
      if (closed) {
        made.close();
      }
    } catch (ConnectFailure e) {
      failure = e;
    }
    return stage(
        "transport",
        () ->
            "%s answers%s"
                .formatted(
                    meant.endpoint().host() + ":" + meant.endpoint().port(),
                    meant.endpoint() instanceof Profile.Tcp ? "" : ", by the profile's transport"));
  }

  /** What is so when a step was passed. */
  private interface Passed {
    String text() throws ProfileException;
  }

  private Finding stage(String id, Passed passed) {
    ConnectFailure failed = failure;
    if (failed != null && stageOf(failed.reason()).equals(id)) {
      return Finding.fail(id, String.valueOf(failed.getMessage()), next(failed.reason()));
    }
    try {
      return Finding.ok(id, passed.text());
    } catch (ProfileException e) {
      return Finding.fail(id, String.valueOf(e.getMessage()), null);
    }
  }

  /** Which step a failure is of; what is not known better is the transport's. */
  private static String stageOf(ConnectFailure.Reason reason) {
    return switch (reason) {
      case HOST_KEY_UNKNOWN, HOST_KEY_CHANGED -> "host-key";
      case AUTHENTICATION -> "authentication";
      case NO_SFTP -> "sftp";
      case ROOT_MISSING -> "root";
      default -> "transport";
    };
  }

  private @Nullable String next(ConnectFailure.Reason reason) {
    return reason == ConnectFailure.Reason.HOST_KEY_UNKNOWN
        ? "colabfs init %s --accept-new-host-key".formatted(name)
        : null;
  }

  private Finding hostKey() {
    String pinned = known().hostKey();
    return stage(
        "host-key",
        () ->
            pinned == null
                ? "the mount was told to trust it; none is pinned"
                : "%s %s, as it is pinned"
                    .formatted(
                        HostKeyLine.parse(pinned).type(), HostKeyLine.parse(pinned).fingerprint()));
  }

  private Finding authentication() {
    SshRemote own = remote;
    return stage(
        "authentication",
        () ->
            "'%s' is let in%s"
                .formatted(known().user(), own == null ? "" : ", by " + own.loginWay()));
  }

  private Finding sftp() {
    SshRemote own = remote;
    Profile.ServerFacts facts = own == null ? known().server() : own.facts();
    if (failure != null || facts == null) {
      return stage("sftp", () -> "the mount uses it");
    }
    List<String> lost =
        LOST.entrySet().stream()
            .filter(each -> !facts.extensions().contains(each.getKey()))
            .map(each -> "%s (%s)".formatted(each.getKey(), each.getValue()))
            .sorted()
            .toList();
    return lost.isEmpty()
        ? Finding.ok("sftp", "%s, with every extension that is used".formatted(facts.software()))
        : Finding.warn(
            "sftp",
            "%s lacks %s".formatted(facts.software(), String.join(", ", lost)),
            "nothing has to be done; OpenSSH 8.6 or newer has all of them");
  }

  private Finding root() {
    SshRemote own = remote;
    MountStatus mount = mounted;
    return stage(
        "root",
        () ->
            own != null
                ? own.root() + " is there"
                : mount == null ? "is there" : mount.mount().root() + ", as it is mounted");
  }

  @Override
  public void close() {
    closed = true;
    SshRemote own = remote;
    if (own != null) {
      own.close();
    }
  }
}
