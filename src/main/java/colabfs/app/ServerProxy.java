package colabfs.app;

import colabfs.control.ControlException;
import colabfs.control.RunningMount;
import colabfs.forward.Splice;
import colabfs.profile.Profile;
import colabfs.ssh.ProxyCommand;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Optional;

/**
 * Joins this process's input and output with the SSH server of a profile's runtime, for ssh's
 * ProxyCommand: over the connection of a mount where there is one, else directly.
 */
public final class ServerProxy {
  private static final int CONNECT_MILLIS = 20_000;

  private final InputStream in;
  private final OutputStream out;

  public ServerProxy(InputStream in, OutputStream out) {
    this.in = in;
    this.out = out;
  }

  /** Returns when the server has closed the connection. Waits for the network. */
  public void run(KnownMounts mounts, Profile profile) throws AppException {
    Optional<RunningMount> mount =
        mounts.ofProfile(profile.name()).stream()
            .filter(each -> each.process().isAlive())
            .findFirst();
    try {
      if (mount.isPresent()) {
        mounts.client(mount.get()).proxy(in, out);
      } else if (profile.endpoint() instanceof Profile.Command command) {
        throughProgram(command, profile.user());
      } else if (profile.endpoint() instanceof Profile.Colab) {
        throw new AppException(
            "'%s' is not mounted, and Google's endpoint takes one connection at a time; mount it, and ssh goes over the mount's: colabfs mount %s DIRECTORY"
                .formatted(profile.name(), profile.name()));
      } else {
        directly(profile.endpoint());
      }
    } catch (ControlException e) {
      throw AppException.of(e);
    } catch (IOException e) {
      throw new AppException(
          "'%s' is not mounted, and cannot be reached: %s; see that the runtime is there"
              .formatted(profile.name(), e.getMessage()),
          e);
    }
  }

  private void directly(Profile.Endpoint endpoint) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(endpoint.host(), endpoint.port()), CONNECT_MILLIS);
      socket.setTcpNoDelay(true);
      OutputStream there = socket.getOutputStream();
      Splice.inBackground(in, there, socket::shutdownOutput, "proxy");
      Splice.copy(socket.getInputStream(), out);
    }
  }

  private static void throughProgram(Profile.Command command, String user)
      throws IOException, AppException {
    try {
      Process program =
          new ProcessBuilder(ProxyCommand.arguments(command, user)).inheritIO().start();
      int status = program.waitFor();
      if (status != 0) {
        throw new AppException(
            "the profile's proxy command ended with status %d; see what it says".formatted(status));
      }
    } catch (IllegalArgumentException e) {
      throw AppException.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AppException("interrupted; try again", e);
    }
  }
}
