package colabfs.fuse;

import colabfs.fs.FileSystem;
import colabfs.fs.KernelCache;
import colabfs.fuse.MountException.Reason;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import org.jspecify.annotations.Nullable;

/**
 * One mounted file system, from {@link #mount} until it is unmounted by {@link #unmount} or from
 * outside.
 *
 * <p>Threading: any thread. Errors: {@link MountException}, its message ending with the next step.
 */
public final class FuseMount implements AutoCloseable {
  private static final Logger LOG = System.getLogger(FuseMount.class.getName());

  /**
   * The kernel sends INIT as soon as the mount is there; this is for a machine that is swapping.
   */
  private static final Duration INIT_PATIENCE = Duration.ofSeconds(20);

  /** From the unmount to the end of the last request that was being served. */
  private static final Duration END_PATIENCE = Duration.ofSeconds(10);

  /** Many times what 200,000 notices take. */
  private static final Duration NOTICES_PATIENCE = Duration.ofSeconds(5);

  private final FileSystem fs;
  private final MountPoint mountpoint;
  private final Duration kernelMemory;
  private final FuseAdapter adapter;
  private final CallGuard guard = new CallGuard();
  private final KernelMemory memory = new KernelMemory(System::nanoTime);
  private final Callbacks callbacks;
  private final CountDownLatch initialised = new CountDownLatch(1);
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  /** What answers pass; null where they cannot be seen. */
  private volatile @Nullable Answers passing;

  private FuseMount(FileSystem fs, MountPoint mountpoint, FuseSettings settings) {
    this.fs = fs;
    this.mountpoint = mountpoint;
    Duration attributes = settings.attributeTimeout();
    Duration entries = settings.entryTimeout();
    this.kernelMemory = attributes.compareTo(entries) > 0 ? attributes : entries;
    this.adapter = new FuseAdapter(fs, guard, InstantSource.system());
    this.callbacks = new Callbacks(adapter, initialised::countDown);
  }

  /** Who runs this process. */
  public static LocalUser localUser() {
    return new LocalUser(Libraries.libC().getuid(), Libraries.libC().getgid());
  }

  /** Says what is wrong with libfuse, if anything. */
  public static void checkLibrary() throws MountException {
    Libraries.libFuse();
  }

  /** Whether a mount of ours is at exactly that path, whoever serves it; the mount is not asked. */
  public static boolean isMounted(Path mountpoint) {
    MountTable.Entry mounted = MountTable.at(mountpoint);
    return mounted != null && mounted.isOurs();
  }

  /**
   * Takes a mount of ours out of sight at once, also one whose process has died or does not answer.
   */
  public static void detach(Path mountpoint) throws MountException {
    Unmount.of(mountpoint, localUser(), true);
  }

  /**
   * Says what would keep {@link #mount} from mounting, as far as it can be seen before; clears away
   * a mount of ours there whose process has died.
   */
  public static void check(Path mountpoint, FuseSettings settings) throws MountException {
    Libraries.libFuse();
    MountPoint.prepare(mountpoint, settings, localUser());
  }

  /**
   * Mounts and returns when the mount answers.
   *
   * @param mountpoint an existing empty directory; a mount of ours there whose process has died is
   *     cleared away first
   */
  public static FuseMount mount(FileSystem fs, Path mountpoint, FuseSettings settings)
      throws MountException {
    Libraries.LibFuse fuse = Libraries.libFuse();
    LocalUser user = localUser();
    MountPoint point = MountPoint.prepare(mountpoint, settings, user);
    FuseMount mount = new FuseMount(fs, point, settings);
    mount.start(fuse, FuseOptions.text(settings));
    mount.awaitInit();
    return mount;
  }

  private void start(Libraries.LibFuse fuse, String options) throws MountException {
    FuseArguments arguments =
        new FuseArguments(
            NativeText.allocate("colabfs"),
            NativeText.allocate("-f"),
            NativeText.allocate("-o"),
            NativeText.allocate(options),
            NativeText.allocate(NativeText.bytesOf(mountpoint.path())));
    Pointer slots = Memory.allocateDirect(Runtime.getSystemRuntime(), 2 * Long.BYTES, true);
    StderrCapture.Outcome<Pointer> made =
        captured(
            () ->
                fuse.fuse_setup(
                    arguments.count(),
                    arguments.memory(),
                    callbacks.operations(),
                    Struct.size(callbacks.operations()),
                    slots,
                    slots.slice(Long.BYTES),
                    null));
    Pointer handle = made.result();
    if (handle == null) {
      throw notMounted(made.printed());
    }
    Pointer target = slots.getPointer(0);
    Pointer session = fuse.fuse_get_session(handle);
    Pointer channel = fuse.fuse_session_next_chan(session, null);
    @Nullable Answers answers = answers(fuse, session, channel);
    passing = answers;
    RequestLoop.Passage passage = answers == null ? RequestLoop.Passage.OPEN : answers;
    Runnable end =
        () -> {
          memory.notices().end();
          if (answers != null) {
            answers.close();
          }
          fuse.fuse_teardown(handle, target); // closes the device; unmounts nothing: it is gone
          finish();
        };
    new RequestLoop(fuse, session, channel, passage, end).start();
  }

  /** How the kernel comes to remember for long; null where that is not known to work. */
  private @Nullable Answers answers(Libraries.LibFuse fuse, Pointer session, Pointer channel) {
    if (!Libraries.isLinux()) {
      return null;
    }
    try {
      int descriptor = Libraries.libFuseChannels().fuse_chan_fd(channel);
      Device device = new Device(Libraries.libC().dup(descriptor));
      Answers answers =
          new Answers(
              sink -> new Exchange(memory, device, sink, fs::isWatched, adapter::contentOf),
              device,
              fuse,
              session,
              descriptor,
              fuse.fuse_chan_bufsize(channel));
      memory.notices().start(device, answers::isHeld);
      return answers;
    } catch (UnsatisfiedLinkError e) {
      LOG.log(Level.WARNING, "libfuse is too old for the kernel to remember for long", e);
      return null;
    }
  }

  private void finish() {
    try {
      adapter.releaseAll();
      LOG.log(Level.DEBUG, "unmounted {0}: {1}", mountpoint.path(), guard.summary());
    } finally {
      ended.complete(null);
    }
  }

  private static <T> StderrCapture.Outcome<T> captured(
      java.util.concurrent.Callable<@Nullable T> step) throws MountException {
    try {
      return StderrCapture.of(step);
    } catch (Exception e) {
      throw new MountException(
          Reason.FAILED,
          "libfuse could not be called: %s. The log has more.".formatted(e.getMessage()),
          e);
    }
  }

  private MountException notMounted(String printed) {
    String said = printed.isEmpty() ? "libfuse does not say why" : printed;
    String next =
        said.contains("not permitted") || said.contains("Permission denied")
            ? "The mount point must be yours; in a container, start it with --device /dev/fuse"
                + " --cap-add SYS_ADMIN (and on some systems --security-opt apparmor=unconfined)."
            : "Check the mount point and what follows -o.";
    Reason reason =
        said.contains("option") || said.contains("user_allow_other")
            ? Reason.BAD_OPTION
            : Reason.FAILED;
    return new MountException(
        reason, "Mounting on %s failed: %s. %s".formatted(mountpoint.path(), said, next));
  }

  private void awaitInit() throws MountException {
    try {
      if (initialised.await(INIT_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    unmount(true);
    throw new MountException(
        Reason.FAILED,
        "The kernel did not start talking to the mount on %s. Try again; the log has more."
            .formatted(mountpoint.path()));
  }

  /** Waits for the end of the mount; false when it is still there after that time. */
  public boolean awaitUnmount(Duration patience) throws InterruptedException {
    try {
      ended.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What the kernel remembers of the mount, to be told what others change. */
  public KernelCache kernelCache() {
    return memory;
  }

  /**
   * Returns when the kernel has forgotten every name and attribute that it had heard before the
   * call, so that the next look is asked of the file system: lets go of what it may remember for
   * long, and waits for the longer of the two timeouts. When the kernel has asked for nothing for
   * longer than that and what an answer may take to be entered, there is no wait.
   */
  public void awaitKernelForgot() throws InterruptedException {
    CompletableFuture<Void> told = memory.forgetAll();
    Answers answers = passing;
    long memoryNanos = kernelMemory.toNanos();
    long mostNanos = memoryNanos + TimeUnit.MILLISECONDS.toNanos(KernelMemory.ENTERED_MILLIS);
    long quietNanos = answers == null ? 0 : answers.quietNanos(mostNanos);
    TimeUnit.NANOSECONDS.sleep(Math.min(memoryNanos, mostNanos - quietNanos));
    try {
      told.get(NOTICES_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(Level.WARNING, "a call holds what the kernel should forget: {0}", e.toString());
    }
  }

  /** Completes when the mount is gone, by {@link #unmount} or by umount from outside. */
  public CompletableFuture<Void> ended() {
    return ended.copy();
  }

  /**
   * Unmounts, and waits for the end of what is being served.
   *
   * @param force out of sight at once even when programs use it; they keep their open files until
   *     they close them or this process ends, so {@link #ended} may come much later
   * @throws MountException BUSY when programs use it and it was not forced
   */
  public void unmount(boolean force) throws MountException {
    if (ended.isDone()) {
      return;
    }
    Unmount.of(mountpoint.path(), localUser(), force);
    try {
      if (!awaitUnmount(force ? Duration.ofSeconds(1) : END_PATIENCE) && !force) {
        LOG.log(Level.WARNING, "unmounted {0}, but a request is still served", mountpoint.path());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Unmounts by force when it is still mounted. */
  @Override
  public void close() throws MountException {
    unmount(true);
  }
}
