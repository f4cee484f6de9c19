package colabfs.fuse;

import colabfs.fuse.MountException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jnr.constants.platform.Errno;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/** Takes a mount away: umount2(2) as root, else {@code fusermount -u}. */
final class Unmount {
  private static final int MNT_DETACH = 2;

  /** fusermount does one system call; longer means that something is very wrong. */
  private static final long PATIENCE_SECONDS = 10;

  private Unmount() {}

  /**
   * @param lazy out of sight at once, gone when the last program lets go
   * @throws MountException BUSY when programs use it, FAILED otherwise; that nothing is mounted
   *     there is success
   */
  static void of(Path path, LocalUser user, boolean lazy) throws MountException {
    if (user.isRoot() && Libraries.isLinux()) {
      Pointer target = NativeText.allocate(NativeText.bytesOf(path));
      if (Libraries.libC().umount2(target, lazy ? MNT_DETACH : 0) == 0) {
        return;
      }
      int errno = Runtime.getSystemRuntime().getLastError();
      if (errno == Errno.EBUSY.intValue()) {
        throw busy(path);
      }
      if (errno == Errno.EINVAL.intValue() || errno == Errno.ENOENT.intValue()) {
        return;
      }
      // EPERM: root of a user namespace, for whom fusermount may still do it
    }
    byProgram(path, lazy);
  }

  private static void byProgram(Path path, boolean lazy) throws MountException {
    List<String> command = new ArrayList<>();
    if (Libraries.isLinux()) {
      command.add(MountPoint.isOnPath("fusermount") ? "fusermount" : "fusermount3");
      command.add("-u");
      if (lazy) {
        command.add("-z");
      }
      command.add("--");
    } else {
      command.add("umount");
      if (lazy) {
        command.add("-f");
      }
    }
    command.add(path.toString());
    String printed = run(path, command);
    if (printed.isEmpty() || (Libraries.isLinux() && MountTable.at(path) == null)) {
      return;
    }
    if (printed.contains("busy")) {
      throw busy(path);
    }
    throw failed(path, printed);
  }

  /** What it printed when it failed; empty when it worked. */
  private static String run(Path path, List<String> command) throws MountException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw failed(path, command.get(0) + " does not end");
      }
      try (InputStream output = process.getInputStream()) {
        String printed = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
        return process.exitValue() == 0 ? "" : "exit status " + process.exitValue() + " " + printed;
      }
    } catch (IOException e) {
      throw failed(path, e.getMessage() == null ? "input or output failed" : e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(path, "interrupted");
    }
  }

  private static MountException busy(Path path) {
    return new MountException(
        Reason.BUSY,
        ("%s is in use. Leave the directory in every terminal, close the files in it (fuser -vm %s"
                + " lists who holds it), and try again; or unmount with --force.")
            .formatted(path, path));
  }

  private static MountException failed(Path path, String printed) {
    return new MountException(
        Reason.FAILED,
        "%s cannot be unmounted: %s. Try again with --force.".formatted(path, printed));
  }
}
