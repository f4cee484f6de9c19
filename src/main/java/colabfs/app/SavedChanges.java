package colabfs.app;

import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteTree;
import colabfs.restore.Restore;
import colabfs.ssh.SshRemote;
import colabfs.writeback.KnownNames;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingChanges;
import colabfs.writeback.PendingFigures;
import colabfs.writeback.PendingNames;
import colabfs.writeback.Replacement;
import colabfs.writeback.WriteBack;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Write-back of one mount, where it is wanted; else the runtime's files themselves. Threading: any
 * thread.
 */
final class SavedChanges implements AutoCloseable {
  private final RemoteFs direct;
  private final @Nullable WriteBack writeBack;

  private SavedChanges(RemoteFs direct, @Nullable WriteBack writeBack) {
    this.direct = direct;
    this.writeBack = writeBack;
  }

  static SavedChanges open(MountOptions options, SshRemote remote, RemoteTree tree, Places places)
      throws IOException {
    if (options.saving().sync() || options.readOnly()) {
      return new SavedChanges(remote.fs(), null);
    }
    Duration wished = options.saving().debounce();
    Duration debounce = wished == null ? WriteBack.Settings.DEFAULT_DEBOUNCE : wished;
    Path directory = places.journal(remote.root());
    return new SavedChanges(
        remote.fs(),
        WriteBack.openAtRest(
            remote.fs(),
            tree,
            remote.identity(),
            new WriteBack.Settings(directory, debounce, hostName(), options.saving().fsync()),
            Clock.systemUTC()));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "local";
    }
  }

  /** What the mount works on. */
  RemoteFs files() {
    return writeBack == null ? direct : writeBack.files();
  }

  /** What a helper tells of the runtime, as programs are to see it. */
  RemoteTree over(RemoteTree tree) {
    return writeBack == null ? tree : writeBack.over(tree);
  }

  /** The names of it that are not on the runtime as they are here. */
  PendingNames names() {
    return writeBack == null ? PendingNames.NONE : writeBack.names();
  }

  void use(KnownNames names) {
    if (writeBack != null) {
      writeBack.use(names);
    }
  }

  /** Begins to send what is pending. */
  void begin() {
    if (writeBack != null) {
      writeBack.begin();
    }
  }

  /** What is pending, for who restores what it is based on. */
  Restore.Pending pendingToRestore() {
    return new Restore.Pending() {
      @Override
      public List<PendingChange> changes() {
        return writeBack == null ? List.of() : writeBack.list();
      }

      @Override
      public List<Replacement> replacements() {
        return writeBack == null ? List.of() : writeBack.replacements();
      }

      @Override
      public void rebase(long number, @Nullable FileAttrs there) {
        if (writeBack != null) {
          writeBack.rebase(number, there);
        }
      }
    };
  }

  /** What is under way was meant for another runtime; what one refused is tried on the next. */
  void startOver() {
    if (writeBack != null) {
      writeBack.startOver();
      writeBack.retry();
    }
  }

  /** What is pending; null without write-back. */
  @Nullable PendingChanges pending() {
    return writeBack;
  }

  /** Where what is unsent is kept; null without write-back. */
  @Nullable Path directory() {
    return writeBack == null ? null : writeBack.directory();
  }

  /** As {@link PendingChanges#flush}. */
  void flush(RemotePath below, Duration stalled, Consumer<PendingFigures> progress)
      throws FsException {
    if (writeBack != null) {
      writeBack.flush(below, stalled, progress);
    }
  }

  @Override
  public void close() {
    if (writeBack != null) {
      writeBack.close();
    }
  }
}
