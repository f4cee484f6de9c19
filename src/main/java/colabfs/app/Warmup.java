package colabfs.app;

import colabfs.control.ControlException;
import colabfs.control.ControlException.Reason;
import colabfs.control.Follower;
import colabfs.control.MountStatus;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.WarmReport;
import colabfs.writeback.PendingFigures;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a mount fetches on purpose, and why it cannot. Threading: any thread. */
final class Warmup {
  private static final String GO_ON = "What was fetched stays; 'colabfs warm' once more goes on";

  private final Path mountpoint;
  private final Fetching fetching;
  private final Supplier<MountStatus.Helper> helper;
  private final Supplier<@Nullable String> linkTrouble;

  /** As {@link colabfs.fs.ColabFs#warm}. */
  interface Fetching {
    WarmReport warm(RemotePath top, long maxFileBytes, WarmReport.Progress progress)
        throws FsException;
  }

  /**
   * For one mount.
   *
   * @param linkTrouble why the connection is down; null while it is up
   */
  Warmup(
      Path mountpoint,
      Fetching fetching,
      Supplier<MountStatus.Helper> helper,
      Supplier<@Nullable String> linkTrouble) {
    this.mountpoint = mountpoint;
    this.fetching = fetching;
    this.helper = helper;
    this.linkTrouble = linkTrouble;
  }

  /** Waits for the network, as long as something comes. */
  WarmReport warm(RemotePath below, long maxFileBytes, Follower follower) throws ControlException {
    refuseWhileDown(null);
    try {
      return fetching.warm(below, maxFileBytes, progress(follower));
    } catch (FsException e) {
      if (follower.hasLeft()) {
        throw new ControlException(Reason.GIVEN_UP, "interrupted. " + GO_ON, e);
      }
      if (e.errno() == Errno.ENOTCONN) {
        refuseWhileDown(e);
      }
      throw new ControlException(
          Reason.FAILED,
          "%s is not warmed: %s. %s".formatted(place(below), e.getMessage(), GO_ON),
          e);
    }
  }

  private void refuseWhileDown(@Nullable FsException cause) throws ControlException {
    String trouble = linkTrouble.get();
    MountStatus.Helper there = helper.get();
    String why = null;
    if (trouble != null) {
      why =
          "the connection to the runtime is down: %s; 'colabfs status' tells more"
              .formatted(trouble);
    } else if (!there.up()) {
      why =
          "there is no helper on the runtime that could send many files at a time; 'colabfs status' tells why";
    }
    if (why == null) {
      return;
    }
    ControlException refused =
        cause == null
            ? new ControlException(Reason.FAILED, "nothing was fetched: " + why)
            : new ControlException(
                Reason.FAILED, "not everything was fetched: %s. %s".formatted(why, GO_ON), cause);
    throw refused;
  }

  private Path place(RemotePath path) {
    return path.isRoot() ? mountpoint : mountpoint.resolve(path.toString().substring(1));
  }

  private static WarmReport.Progress progress(Follower follower) {
    return new WarmReport.Progress() {
      @Override
      public void left(int files, long bytes) {
        follower.left(new PendingFigures(files, bytes, 0, 0));
      }

      @Override
      public boolean isGivenUp() {
        return follower.hasLeft();
      }
    };
  }
}
