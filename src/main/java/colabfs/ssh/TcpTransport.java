package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.ssh.ConnectFailure.Reason;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.sshd.client.session.ClientSession;
import org.jspecify.annotations.Nullable;

/** By TCP to host and port, one address of the host after the other. */
final class TcpTransport implements Transport {
  private static final System.Logger LOG = System.getLogger(TcpTransport.class.getName());

  /** With several addresses of one host, none may use up the time of all. */
  private static final Duration LEAST_PER_ADDRESS = Duration.ofSeconds(2);

  private static final String NEW_ADDRESS =
      "If the runtime or its tunnel was started again, run 'colabfs init' with the new address.";

  private final Profile.Endpoint endpoint;

  TcpTransport(Profile.Endpoint endpoint) {
    this.endpoint = endpoint;
  }

  @Override
  public String where() {
    return endpoint.host() + ":" + endpoint.port();
  }

  @Override
  public String nextStep() {
    return "Try again; if it stays so, look at the server's log.";
  }

  @Override
  public ClientSession connect(Dialing dialing) throws ConnectFailure, InterruptedException {
    Steps steps = dialing.steps();
    List<InetSocketAddress> addresses = addresses(steps);
    ConnectFailure last = null;
    long end = System.nanoTime() + steps.limit().toNanos();
    for (int i = 0; i < addresses.size(); i++) {
      Duration left = Duration.ofNanos(end - System.nanoTime());
      Duration share = left.dividedBy(addresses.size() - i);
      Duration patience = share.compareTo(LEAST_PER_ADDRESS) < 0 ? left : share;
      try {
        return dialing.to(addresses.get(i), patience);
      } catch (ExecutionException e) {
        last = notConnected(e.getCause(), steps);
      } catch (TimeoutException e) {
        last = timeout(steps);
      }
      LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", addresses.get(i), last.getMessage());
    }
    throw last == null ? unknownHost(null) : last;
  }

  private List<InetSocketAddress> addresses(Steps steps)
      throws ConnectFailure, InterruptedException {
    String host = endpoint.host();
    CompletableFuture<InetAddress[]> lookup = new CompletableFuture<>();
    Thread resolver =
        new Thread(
            () -> {
              try {
                InetAddress[] found = InetAddress.getAllByName(host);
                for (int i = 0; i < found.length; i++) {
                  // without its name, by which MINA would look it up again
                  found[i] = InetAddress.getByName(found[i].getHostAddress());
                }
                lookup.complete(found);
              } catch (UnknownHostException | RuntimeException e) {
                lookup.completeExceptionally(e);
              }
            },
            "colabfs-resolve");
    resolver.setDaemon(true);
    resolver.start(); // the system's resolver knows no deadline
    try {
      return Stream.of(steps.await(lookup))
          .map(address -> new InetSocketAddress(address, endpoint.port()))
          .toList();
    } catch (ExecutionException e) {
      throw unknownHost(e.getCause());
    } catch (TimeoutException e) {
      throw ConnectFailure.of(
          Reason.TIMEOUT,
          "looking up '%s' took longer than %s. Check your network."
              .formatted(host, steps.limitText()),
          null);
    }
  }

  private ConnectFailure unknownHost(@Nullable Throwable cause) {
    return ConnectFailure.of(
        Reason.UNREACHABLE,
        "the host name '%s' is unknown. Check its spelling and your network. %s"
            .formatted(endpoint.host(), NEW_ADDRESS),
        cause);
  }

  private ConnectFailure timeout(Steps steps) {
    return ConnectFailure.of(
        Reason.TIMEOUT,
        "%s did not answer within %s. %s".formatted(where(), steps.limitText(), NEW_ADDRESS),
        null);
  }

  private ConnectFailure notConnected(@Nullable Throwable failure, Steps steps) {
    Throwable cause = failure;
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    String text = cause == null ? "" : String.valueOf(cause.getMessage());
    String lower = text.toLowerCase(Locale.ROOT);
    if (cause instanceof NoRouteToHostException
        || lower.contains("unreachable")
        || lower.contains("no route")) {
      return ConnectFailure.of(
          Reason.UNREACHABLE,
          "no way leads to " + where() + " (" + text + "). Check your network, then the address.",
          cause);
    }
    if (lower.contains("timed out")) {
      return timeout(steps);
    }
    if (cause instanceof ConnectException) {
      return ConnectFailure.of(
          Reason.REFUSED,
          where() + " refuses connections: nothing listens there. " + NEW_ADDRESS,
          cause);
    }
    return ConnectFailure.of(
        Reason.TRANSPORT, where() + " cannot be reached: " + text + ". " + NEW_ADDRESS, cause);
  }
}
