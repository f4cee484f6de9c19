package colabfs.app;

import colabfs.control.ControlException;
import colabfs.control.ControlServer;
import colabfs.control.ExecPlanner;
import colabfs.control.Follower;
import colabfs.control.LaunchPipe.Person;
import colabfs.control.ProcessIdentity;
import colabfs.control.RunningMount;
import colabfs.control.RunningMounts;
import colabfs.control.RuntimeDirectory;
import colabfs.core.DirEntry;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.ColabFs;
import colabfs.fs.FsSettings;
import colabfs.fs.KnownTree;
import colabfs.fuse.FuseMount;
import colabfs.fuse.FuseSettings;
import colabfs.fuse.LocalUser;
import colabfs.fuse.MountException;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import colabfs.restore.Restore;
import colabfs.ssh.ConnectFailure;
import colabfs.ssh.LastSeen;
import colabfs.ssh.SshRemote;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The process that serves one mount, from the first look at the profile to its end.
 *
 * <p>Threading: one thread; signals and requests come on others. Errors: {@link AppException} until
 * the mount is there; after that they are in the log.
 */
public final class MountProcess {
  private static final Logger LOG = System.getLogger(MountProcess.class.getName());

  /**
   * How long the kernel may answer from memory. It looks at every directory of a path again when it
   * may not, which doubles the time of a "git status"; and every command on the runtime ends this
   * much later, because what it changed shows at once.
   */
  private static final Duration KERNEL_MEMORY = Duration.ofMillis(100);

  /** What is unsent when the mount is gone already is given so long; then the journal keeps it. */
  private static final Duration LAST_PATIENCE = Duration.ofSeconds(3);

  private final MountOptions options;
  private final Map<String, String> environment;
  private final ExecPlanner planner;
  private final ProfileStore profiles;

  /**
   * @param planner reads the command lines of who runs commands through the mount
   */
  public MountProcess(MountOptions options, Map<String, String> environment, ExecPlanner planner) {
    this.options = options;
    this.environment = environment;
    this.planner = planner;
    this.profiles = new ProfileStore(ProfileStore.configDirectory(environment));
  }

  /** Told when the mount answers. */
  public interface Ready {
    /**
     * The mount answers, and is in the list.
     *
     * @param newRuntime that another runtime answers than was served before, in words; null when
     *     not
     * @throws IOException when nobody wants the mount any more: it ends
     */
    void ready(RunningMount mount, @Nullable String newRuntime) throws IOException;
  }

  /**
   * Mounts, serves, and returns when it is unmounted and everything is closed.
   *
   * @param person answers questions until the mount is ready
   * @param untilHangUp whether a SIGHUP ends the mount; else it is ignored
   */
  public void serve(Person person, Ready ready, boolean untilHangUp) throws AppException {
    try {
      RunningMounts list = new RunningMounts(RuntimeDirectory.of(environment));
      Places places = new Places(environment, options.profile());
      try (Connecting connecting = Connecting.begin(asked -> remote(asked, places), person);
          SshRemote remote = checked(connecting)) {
        // its answer comes while what is on the local disk is opened
        CompletableFuture<List<DirEntry>> inRoot =
            options.local().offline()
                ? CompletableFuture.completedFuture(List.of())
                : remote.fs().list(RemotePath.ROOT);
        LocalUser user = FuseMount.localUser();
        try (RuntimeHelper helper = RuntimeHelper.start(options, remote);
            SavedChanges saved = SavedChanges.open(options, remote, helper.tree(), places);
            LocalCache cache = LocalCache.open(options, remote, places);
            ColabFs fs =
                new ColabFs(
                    saved.files(),
                    remote.wholeRuntime(),
                    cache.with(saved.names()),
                    remote.link(),
                    remote.identity(),
                    fsSettings(remote, user),
                    Clock.systemUTC());
            NewRuntime guard = guard(remote, inRoot, fs, saved);
            FuseMount fuse =
                FuseMount.mount(fs, options.mountpoint(), fuseSettings(remote.root()))) {
          fs.use(saved.over(helper.tree()), fuse.kernelCache());
          saved.use(fs.knownNames());
          saved.begin();
          serve(list, new Services(remote, helper, fs, saved, guard), fuse, ready, untilHangUp);
        }
      }
    } catch (MountException | ProfileException | FsException e) {
      throw AppException.of(e);
    } catch (IOException e) {
      throw new AppException("the mount was not made: %s; try again".formatted(e.getMessage()), e);
    }
  }

  /** What would keep us from mounting is said before anything that the server does. */
  private SshRemote checked(Connecting connecting)
      throws MountException, AppException, ProfileException, IOException {
    FuseMount.check(options.mountpoint(), fuseSettings(""));
    return connecting.await();
  }

  /** What a mount is made of. */
  private record Services(
      SshRemote remote, RuntimeHelper helper, ColabFs fs, SavedChanges saved, NewRuntime guard) {}

  /** From here on no other runtime is asked or told anything than the one that is connected to. */
  private NewRuntime guard(
      SshRemote remote, CompletableFuture<List<DirEntry>> inRoot, ColabFs fs, SavedChanges saved)
      throws FsException {
    NewRuntime guard =
        new NewRuntime(
            new NewRuntime.Local() {
              @Override
              public KnownTree tree() {
                return fs.knownTree();
              }

              @Override
              public Restore.Pending pending() {
                return saved.pendingToRestore();
              }

              @Override
              public void forget() {
                fs.forgetRuntime();
              }

              @Override
              public void startOver() {
                saved.startOver();
              }

              @Override
              public void settle() throws FsException {
                if (saved.pending() != null) {
                  fs.drain();
                }
              }
            },
            new RuntimeRecord(saved.directory()),
            options.onNewRuntime(),
            Clock.systemUTC());
    remote.admitBy(guard);
    if (options.local().offline()) {
      guard.beginAway(remote.runtimeId());
    } else if (guard.begin(remote.runtimeId(), inRoot)) {
      var unused = fs.getattr(RemotePath.ROOT); // or nobody could enter the mount
      remote.leave("what is unsent is of another runtime");
    }
    return guard;
  }

  /** Connects, or begins with what the last connection told, as was asked for. */
  private SshRemote remote(Person person, Places places)
      throws AppException, ProfileException, IOException {
    Connection connection = new Connection(options.profile(), person, environment);
    String asked = options.effectiveRoot();
    String root = asked == null ? profiles.load(options.profile()).root() : asked;
    LastSeenFile file = new LastSeenFile(places.lastSeen(root));
    if (options.local().offline()) {
      LastSeen before = file.read();
      if (before == null) {
        throw new AppException(
            "nothing is known of '%s' on profile '%s', as it was never mounted here. Mount it once while the runtime answers: colabfs mount %s %s"
                .formatted(root, options.profile(), options.profile(), options.mountpoint()));
      }
      return keepSeen(connection.offline(options, before), file);
    }
    try {
      SshRemote remote = connection.open(options);
      connection.pin(remote);
      file.write(remote.lastSeen());
      return keepSeen(remote, file);
    } catch (AppException e) {
      boolean away =
          e.getCause() instanceof ConnectFailure failure && !failure.reason().isPermanent();
      if (away && file.read() != null) {
        throw new AppException(
            "%s What is known of it can be used meanwhile: colabfs mount --offline %s %s"
                .formatted(e.getMessage(), options.profile(), options.mountpoint()),
            e);
      }
      throw e;
    }
  }

  /** A later connection may be to another runtime. */
  private static SshRemote keepSeen(SshRemote remote, LastSeenFile file) {
    remote
        .link()
        .onChange(
            up -> {
              if (up) {
                try {
                  file.write(remote.lastSeen());
                } catch (IOException e) {
                  LOG.log(Level.WARNING, "what the server told is not kept", e);
                }
              }
            });
    return remote;
  }

  private void serve(
      RunningMounts list, Services parts, FuseMount fuse, Ready ready, boolean untilHangUp)
      throws IOException {
    SshRemote remote = parts.remote();
    ColabFs fs = parts.fs();
    SavedChanges saved = parts.saved();
    RunningMount mount =
        new RunningMount(
            options.profile(),
            options.mountpoint(),
            remote.root(),
            options.readOnly(),
            saved.directory(),
            ProcessIdentity.own(),
            Clock.systemUTC().instant());
    MountServices services =
        new MountServices(
            remote,
            fs,
            saved.pending(),
            fuse,
            mount,
            options.effectiveCallTimeout(),
            parts.guard(),
            parts.helper());
    Path socket = list.socketOf(mount.mountpoint());
    try (ControlServer server = ControlServer.listen(socket, services, planner)) {
      list.add(mount);
      handleSignals(services, saved.directory() != null, untilHangUp);
      NewRuntime.Difference found = parts.guard().difference();
      ready.ready(mount, found == null ? null : found.what());
      prepare(planner);
      LOG.log(
          Level.INFO,
          "mounted {0} on {1}, listening on {2}",
          remote.root(),
          mount.mountpoint(),
          server.socket());
      services.ended().join();
      LOG.log(Level.INFO, "unmounted {0}", mount.mountpoint());
    } finally {
      services.forwards().close();
      drain(fs, saved);
      list.forget(mount);
    }
  }

  /** Beside whatever the mount has to do first. */
  private static void prepare(ExecPlanner planner) {
    Thread thread = new Thread(planner::prepare, "exec-prepare");
    thread.setDaemon(true);
    thread.start();
  }

  /** A mount that was taken away by umount(8) has not been drained by us. */
  private static void drain(ColabFs fs, SavedChanges saved) {
    try {
      fs.drain();
      saved.flush(RemotePath.ROOT, LAST_PATIENCE, left -> {});
    } catch (FsException e) {
      LOG.log(Level.ERROR, "not everything that was written has reached the runtime", e);
    }
  }

  private static void handleSignals(MountServices services, boolean keeps, boolean untilHangUp) {
    ProcessSignals.on("TERM", () -> end(services, keeps));
    ProcessSignals.on("INT", () -> end(services, keeps));
    ProcessSignals.on("HUP", untilHangUp ? () -> end(services, keeps) : () -> {});
  }

  /**
   * Whoever signals wants the process to end soon, also when programs hold the mount.
   *
   * @param keeps what is unsent is kept for the next mount, so it need not be waited for
   */
  private static void end(MountServices services, boolean keeps) {
    try {
      if (!keeps) {
        services.unmount(false, Follower.NOBODY);
        return;
      }
    } catch (ControlException e) {
      LOG.log(Level.WARNING, "ended by a signal", e);
    }
    try {
      PendingFigures kept = services.unmount(true, Follower.NOBODY).kept();
      LOG.log(Level.INFO, "ended by a signal; for the next mount are kept: {0}", kept);
    } catch (ControlException e) {
      LOG.log(Level.ERROR, "ended by a signal", e);
    }
  }

  private FsSettings fsSettings(SshRemote remote, LocalUser user) {
    FsSettings usual =
        FsSettings.defaults(remote.root(), options.mountpoint().toString(), user.uid(), user.gid());
    return new FsSettings(
        usual.remoteRoot(),
        usual.mountpoint(),
        options.readOnly(),
        usual.localUid(),
        usual.localGid(),
        usual.mapOwner(),
        options.drive() ? MountOptions.DRIVE_METADATA_TTL : usual.metadataTtl(),
        usual.metadataEntries(),
        usual.blockCacheBytes(),
        options.fetching().prefetch(),
        options.effectiveCallTimeout());
  }

  private FuseSettings fuseSettings(String root) throws ProfileException {
    Profile profile = profiles.load(options.profile());
    return new FuseSettings(
        profile.user() + "@" + profile.endpoint().host() + ":" + root,
        options.readOnly(),
        options.allowOther(),
        options.fuseOptions(),
        KERNEL_MEMORY,
        KERNEL_MEMORY);
  }
}
