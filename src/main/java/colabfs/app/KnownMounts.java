package colabfs.app;

import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.control.MountStatus;
import colabfs.control.RunningMount;
import colabfs.control.RunningMounts;
import colabfs.control.RuntimeDirectory;
import colabfs.core.RemotePath;
import colabfs.fuse.FuseMount;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The user's mounts as they are now: those that run, and those whose process has ended and that are
 * still in the way. The rest of the list is cleared away on sight.
 */
public final class KnownMounts {
  private static final Duration STATUS_PATIENCE = Duration.ofSeconds(2);

  private final RunningMounts list;
  private final List<RunningMount> mounts;

  private KnownMounts(RunningMounts list, List<RunningMount> mounts) {
    this.list = list;
    this.mounts = List.copyOf(mounts);
  }

  /** Reads the list. Nothing is asked of the mounts themselves. */
  public static KnownMounts of(Map<String, String> environment) throws IOException {
    RunningMounts list = new RunningMounts(RuntimeDirectory.of(environment));
    List<RunningMount> mounts = new ArrayList<>();
    for (RunningMount mount : list.list()) {
      if (mount.process().isAlive() || FuseMount.isMounted(mount.mountpoint())) {
        mounts.add(mount);
      } else {
        list.forget(mount);
      }
    }
    return new KnownMounts(list, mounts);
  }

  /** In the order in which they were mounted. */
  public List<RunningMount> all() {
    return mounts;
  }

  /** Those of a profile. */
  public List<RunningMount> ofProfile(String profile) {
    return mounts.stream().filter(mount -> mount.profile().equals(profile)).toList();
  }

  /** The innermost mount that a local directory lies in; links must be resolved. */
  public Optional<RunningMount> containing(Path directory) {
    return mounts.stream()
        .filter(mount -> directory.startsWith(mount.mountpoint()))
        .max(Comparator.comparingInt(mount -> mount.mountpoint().getNameCount()));
  }

  /** The mount at that directory, as a person names it. The mount itself is asked last. */
  public Optional<RunningMount> at(Path directory) {
    Path absolute = directory.toAbsolutePath().normalize();
    return byPath(absolute)
        .or(() -> byPath(parentResolved(absolute)))
        .or(() -> byPath(resolved(absolute)));
  }

  private Optional<RunningMount> byPath(Path path) {
    return mounts.stream().filter(mount -> mount.mountpoint().equals(path)).findFirst();
  }

  /** The path without links but for the last name, which may be a mount that does not answer. */
  static Path parentResolved(Path absolute) {
    Path parent = absolute.getParent();
    Path name = absolute.getFileName();
    try {
      return parent == null || name == null ? absolute : parent.toRealPath().resolve(name);
    } catch (IOException e) {
      return absolute;
    }
  }

  private static Path resolved(Path absolute) {
    try {
      return absolute.toRealPath();
    } catch (IOException e) {
      return absolute;
    }
  }

  /**
   * A place in a mount.
   *
   * @param path below the mount's root
   */
  public record Place(RunningMount mount, RemotePath path) {

    /** The whole mount. */
    public static Place all(RunningMount mount) {
      return new Place(mount, RemotePath.ROOT);
    }

    /** As programs here see it. */
    public Path local() {
      return local(path);
    }

    /** Another path of the same mount, as programs here see it. */
    public Path local(RemotePath other) {
      return mount.mountpoint().resolve(other.toString().substring(1));
    }
  }

  /**
   * Where a local path lies, as a person types it; empty when it is in no mount. No mount is looked
   * at, because it may not answer: links inside of it are not followed.
   */
  public Optional<Place> locate(Path typed) {
    Path resolved = PathWalk.resolve(typed, mounts.stream().map(RunningMount::mountpoint).toList());
    return containing(resolved)
        .map(
            mount ->
                new Place(mount, RemotePath.of("/" + mount.mountpoint().relativize(resolved))));
  }

  public ControlClient client(RunningMount mount) {
    return new ControlClient(list, mount.mountpoint());
  }

  /** How each mount is; one that says nothing is waited for two seconds. */
  public List<MountStatus> statuses() {
    return mounts.parallelStream().map(this::status).toList();
  }

  private MountStatus status(RunningMount mount) {
    if (!mount.process().isAlive()) {
      return MountStatus.silent(mount, MountStatus.DEAD);
    }
    try {
      return client(mount).status(STATUS_PATIENCE);
    } catch (ControlException e) {
      return MountStatus.silent(mount, MountStatus.NOT_ANSWERING);
    }
  }

  void forget(RunningMount mount) throws IOException {
    list.forget(mount);
  }
}
