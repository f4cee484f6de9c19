package colabfs.app;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteStream;
import colabfs.ssh.SshRemote;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the runtime's own SSH server listens, as the runtime sees it: behind a tunnel, that is not
 * where it was reached.
 *
 * <p>Threading: any thread; connecting waits for the network.
 */
final class ServerAddress {

  /** What sshd tells its commands (ssh(1)): client, its port, server, its port. */
  private static final Pattern SSH_CONNECTION =
      Pattern.compile("(?m)^\\S+ \\d{1,5} ([0-9A-Fa-f:.%a-z]+) (\\d{1,5})\\s*$");

  private static final String QUESTION = "echo $SSH_CONNECTION";
  private static final int USUAL_PORT = 22;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** A start file may print; more is no answer. */
  private static final int MOST_BYTES = 64 * 1024;

  private final SshRemote remote;
  private volatile @Nullable Place known;

  /** An address. */
  record Place(String host, int port) {}

  ServerAddress(SshRemote remote) {
    this.remote = remote;
    remote.link().onChange(up -> known = null); // the next runtime may listen elsewhere
  }

  /** Opens a stream to the server; FsException as that of {@code RemotePorts.connect}. */
  RemoteStream connect() throws FsException, InterruptedException {
    FsException first = null;
    for (Place place : places()) {
      try {
        RemoteStream stream = await(remote.ports().connect(place.host(), place.port()));
        known = place;
        return stream;
      } catch (FsException e) {
        if (e.isConnectionFailure()) {
          throw e;
        }
        first = first == null ? e : first;
      }
    }
    known = null;
    throw first == null ? new FsException(Errno.EIO, "no address to try") : first;
  }

  private List<Place> places() throws InterruptedException {
    Place last = known;
    if (last != null) {
      return List.of(last);
    }
    List<Place> places = new ArrayList<>();
    Place told = ask();
    if (told != null) {
      places.add(told);
      places.add(new Place("localhost", told.port()));
    }
    if (told == null || told.port() != USUAL_PORT) {
      places.add(new Place("localhost", USUAL_PORT));
    }
    return places;
  }

  private @Nullable Place ask() throws InterruptedException {
    CompletableFuture<RemoteProcess> started = remote.shell().start(QUESTION);
    try (RemoteProcess process = started.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      process.exit().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      return parse(new String(process.stdout().readNBytes(MOST_BYTES), StandardCharsets.US_ASCII));
    } catch (ExecutionException | TimeoutException | IOException e) {
      var unused = started.thenAccept(RemoteProcess::close);
      return null;
    }
  }

  /** The last line that is one; null when none is. */
  static @Nullable Place parse(String output) {
    Place place = null;
    Matcher lines = SSH_CONNECTION.matcher(output);
    while (lines.find()) {
      int port = Integer.parseInt(lines.group(2));
      if (port > 0 && port <= 65_535) {
        place = new Place(lines.group(1), port);
      }
    }
    return place;
  }

  private static RemoteStream await(CompletableFuture<RemoteStream> asked)
      throws FsException, InterruptedException {
    try {
      return asked.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof FsException known
          ? known
          : new FsException(Errno.EIO, String.valueOf(e.getCause()), e);
    }
  }
}
