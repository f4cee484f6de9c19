package colabfs.fuse;

import colabfs.fuse.MountException.Reason;
import java.util.Locale;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Platform;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.types.size_t;
import org.jspecify.annotations.Nullable;
import ru.serce.jnrfuse.struct.FuseOperations;

/**
 * The native functions that are called: libfuse 2 and the C library, found once for each process.
 *
 * <p>jnr-fuse's own {@code fuse_main_real} is not used: it hides which step failed, sleeps to learn
 * that it worked, and serves on threads that the JVM does not know. The steps of fuse_main are
 * called one by one instead; jnr-fuse gives the layout of the structures.
 *
 * <p>Texts cross as {@link NativeText}: jnr-ffi would convert a String by the locale's charset.
 */
final class Libraries {
  /**
   * libfuse 2.9's fuse.h and fuse_lowlevel.h. Public for jnr-ffi, whose generated class lives in
   * another class loader.
   */
  @SuppressWarnings("MethodName") // C's names
  public interface LibFuse {
    /**
     * What fuse_main does before its loop: mounts, reads the options, makes the handle. (fuse_new
     * is not called by itself: dlsym finds the version of FUSE 1 under that name.)
     */
    @Nullable Pointer fuse_setup(
        int argumentCount,
        Pointer arguments,
        FuseOperations operations,
        @size_t long operationsBytes,
        Pointer mountpointSlot,
        Pointer multithreadedSlot,
        @Nullable Pointer userData);

    Pointer fuse_get_session(Pointer fuse);

    Pointer fuse_session_next_chan(Pointer session, @Nullable Pointer before);

    @size_t
    long fuse_chan_bufsize(Pointer channel);

    @IgnoreError
    int fuse_chan_recv(Pointer channelSlot, Pointer buffer, @size_t long bytes);

    @IgnoreError
    void fuse_session_process(Pointer session, Pointer buffer, @size_t long bytes, Pointer channel);

    void fuse_session_exit(Pointer session);

    /** Closes the device and frees the handle. */
    void fuse_teardown(Pointer fuse, Pointer mountpoint);
  }

  /** The C library. */
  public interface LibC {
    int getuid();

    int getgid();

    int umount2(Pointer target, int flags);

    int dup(int descriptor);

    int dup2(int descriptor, int target);

    int open(Pointer path, int flags);

    int close(int descriptor);

    long write(int descriptor, Pointer bytes, @size_t long count);

    /** The vectors by their address: an object less for each answer of a mount. */
    long writev(int descriptor, @size_t long vectors, int count);
  }

  /**
   * libfuse 2.9's fuse_lowlevel.h once more: what only Linux is asked for, where it is looked for
   * when it is needed.
   */
  @SuppressWarnings("MethodName") // C's names
  public interface LibFuseChannels {
    /** Copies the operations. */
    @Nullable Pointer fuse_chan_new(
        Pointer operations, int descriptor, @size_t long bufferBytes, @Nullable Pointer userData);

    int fuse_chan_fd(Pointer channel);

    /** Of one that belongs to no session: frees it. */
    void fuse_chan_destroy(Pointer channel);
  }

  private static final String LINUX_LIBRARY = "libfuse.so.2";

  private static @Nullable LibFuse libFuse;
  private static @Nullable LibC libC;

  private Libraries() {}

  static synchronized LibC libC() {
    LibC loaded = libC;
    if (loaded == null) {
      loaded =
          LibraryLoader.create(LibC.class)
              .failImmediately()
              .load(Platform.getNativePlatform().getStandardCLibraryName());
      libC = loaded;
    }
    return loaded;
  }

  static synchronized LibFuse libFuse() throws MountException {
    LibFuse loaded = libFuse;
    if (loaded == null) {
      loaded = loadFuse();
      libFuse = loaded;
    }
    return loaded;
  }

  /**
   * Another face of the same library.
   *
   * @throws UnsatisfiedLinkError when it is too old for that
   */
  static LibFuseChannels libFuseChannels() {
    return LibraryLoader.create(LibFuseChannels.class)
        .failImmediately()
        .search("/usr/local/lib")
        .load(LINUX_LIBRARY);
  }

  private static LibFuse loadFuse() throws MountException {
    boolean mac = Platform.getNativePlatform().getOS() == Platform.OS.DARWIN;
    String[] names = mac ? new String[] {"fuse", "osxfuse"} : new String[] {LINUX_LIBRARY};
    UnsatisfiedLinkError last = new UnsatisfiedLinkError("no name tried");
    for (String name : names) {
      try {
        return LibraryLoader.create(LibFuse.class)
            .failImmediately()
            .search("/usr/local/lib")
            .load(name);
      } catch (UnsatisfiedLinkError e) {
        last = e;
      }
    }
    throw new MountException(
        Reason.NO_LIBFUSE,
        mac
            ? "macFUSE is not installed. Install it: brew install --cask macfuse"
            : "The library libfuse.so.2 is not installed (libfuse3 does not do). Install it:"
                + " apt install libfuse2 (libfuse2t64 on Ubuntu 24.04 and later)",
        last);
  }

  /** Whether this is Linux, where /proc and umount2 are. */
  static boolean isLinux() {
    return System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux");
  }
}
