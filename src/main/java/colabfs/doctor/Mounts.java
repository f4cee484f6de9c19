package colabfs.doctor;

import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.control.MountStatus;
import colabfs.control.RunningMount;
import colabfs.control.RunningMounts;
import colabfs.control.RuntimeDirectory;
import colabfs.fuse.FuseMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The user's mounts, looked at without clearing away what has ended. Asks each of them once. */
final class Mounts {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Path directory;

  Mounts(Map<String, String> environment) {
    this.directory = RuntimeDirectory.place(environment);
  }

  /** How each mount is; waits two seconds for one that says nothing. */
  List<MountStatus> statuses() throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    RunningMounts list = new RunningMounts(directory);
    List<MountStatus> statuses = new ArrayList<>();
    for (RunningMount mount : list.list()) {
      if (mount.process().isAlive()) {
        statuses.add(status(mount));
      } else if (FuseMount.isMounted(mount.mountpoint())) {
        statuses.add(MountStatus.silent(mount, MountStatus.DEAD));
      }
    }
    return statuses;
  }

  private MountStatus status(RunningMount mount) {
    try {
      return client(mount).status(PATIENCE);
    } catch (ControlException e) {
      return MountStatus.silent(mount, MountStatus.NOT_ANSWERING);
    }
  }

  ControlClient client(RunningMount mount) {
    return new ControlClient(new RunningMounts(directory), mount.mountpoint());
  }

  /** A mount of that profile which has a connection. */
  Optional<MountStatus> connected(String profile) throws IOException {
    return statuses().stream()
        .filter(status -> status.mount().profile().equals(profile))
        .filter(
            status ->
                status.state().equals(MountStatus.CONNECTED)
                    || status.state().equals(MountStatus.HELD))
        .findFirst();
  }
}
