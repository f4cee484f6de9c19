package colabfs.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.awaitility.Awaitility;

/** A real server, a user with a profile of it, and a mount point; mounted when asked. */
public final class MountedRuntime implements AutoCloseable {
  public final OpenSshServer server;
  public final Cli cli;

  /** The directory on the runtime, as the server's machine sees it. */
  public final Path root;

  /** The same directory through the mount. */
  public final Path mountpoint;

  public MountedRuntime(Path directory) throws IOException, InterruptedException {
    this(directory, OpenSshServer.Options.USUAL);
  }

  /** With a server that differs from the usual. */
  public MountedRuntime(Path directory, OpenSshServer.Options options)
      throws IOException, InterruptedException {
    this.server =
        OpenSshServer.start(Files.createDirectories(directory.resolve("server")), options);
    this.root = server.root();
    this.cli = new Cli(Files.createDirectories(directory.resolve("user")));
    this.mountpoint = Files.createDirectories(cli.userHome().resolve("mnt"));
  }

  /** Makes the profile {@code p}, with the server's own port. */
  public MountedRuntime init() throws IOException, InterruptedException {
    return init(server.port());
  }

  /** Makes the profile {@code p}, by way of another port. */
  public MountedRuntime init(int port) throws IOException, InterruptedException {
    cli.works(
        "init",
        "p",
        "--host=127.0.0.1",
        "--port=" + port,
        "--user=" + server.user(),
        "--key=" + server.privateKey(),
        "--root=" + root,
        "--accept-new-host-key");
    return this;
  }

  public MountedRuntime mount(String... options) throws IOException, InterruptedException {
    String[] arguments = new String[options.length + 3];
    arguments[0] = "mount";
    System.arraycopy(options, 0, arguments, 1, options.length);
    arguments[options.length + 1] = "p";
    arguments[options.length + 2] = mountpoint.toString();
    cli.works(arguments);
    return this;
  }

  /** Kills whatever serves a mount of this user, as a crash would, and waits until it is gone. */
  public void kill() throws IOException {
    List<ProcessHandle> daemons = cli.daemons();
    daemons.forEach(ProcessHandle::destroyForcibly);
    Awaitility.await().until(() -> daemons.stream().noneMatch(ProcessHandle::isAlive));
  }

  /** A line of shell in the mount, which must succeed; what it printed. */
  public String inMount(String line) throws IOException, InterruptedException {
    Cli.Ended ended = cli.shell(mountpoint, line);
    if (ended.status() != 0) {
      throw new AssertionError(line + ": " + ended + "\n" + cli.log());
    }
    return ended.out();
  }

  @Override
  public void close() throws IOException {
    try {
      cli.close();
    } finally {
      server.close();
    }
  }
}
