package colabfs.ssh;

import colabfs.profile.ColabSessions;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.ssh.ConnectFailure.Reason;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.net.http.WebSocketHandshakeException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.apache.sshd.client.session.ClientSession;
import org.jspecify.annotations.Nullable;

/**
 * Through Google's own endpoint in front of a Colab runtime: a WebSocket whose binary frames carry
 * SSH. Where it is, and the token that it wants, are in the file of Google's command-line tool,
 * which is read at each attempt, because tokens live about an hour.
 *
 * <p>Errors: the token is a part of the address, so no message holds an address or what was made of
 * one.
 */
final class ColabTransport implements Transport {
  private static final System.Logger LOG = System.getLogger(ColabTransport.class.getName());

  private static final String PATH = "/colab/ssh?colab-runtime-proxy-token=";
  private static final String KEY_HEADER = "X-Colab-Ssh-Pubkey";
  private static final int UNAUTHORIZED = 401;

  private final Profile.Colab colab;
  private final String keyLine;
  private final WebSockets webSockets;
  private final Path file;

  /**
   * @param file the tool's
   * @param keyLine the public key to log in with, which the endpoint is told
   */
  ColabTransport(Profile.Colab colab, Path file, String keyLine, WebSockets webSockets) {
    this.colab = colab;
    this.file = file;
    this.keyLine = keyLine;
    this.webSockets = webSockets;
  }

  /** The gateway has answered the wish for a WebSocket with a status. */
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;

    Refused(int status) {
      this.status = status;
    }
  }

  @Override
  public String where() {
    return "the Colab session '" + colab.session() + "'";
  }

  @Override
  public String nextStep() {
    return "Try again; 'colab status -s %s' tells whether the runtime is there."
        .formatted(colab.session());
  }

  @Override
  public String checkAddress() {
    return "Have Google's tool look at it: 'colab status -s %s'.".formatted(colab.session());
  }

  @Override
  public ClientSession connect(Dialing dialing) throws ConnectFailure, InterruptedException {
    ColabSessions.Session session = session();
    try {
      return connect(session, dialing);
    } catch (Refused refused) {
      ColabSessions.Session now = refused.status == UNAUTHORIZED ? session() : session;
      if (now.equals(session)) {
        throw ColabRefusal.of(refused.status, colab.session());
      }
      LOG.log(System.Logger.Level.INFO, "the session''s token was renewed meanwhile");
      try {
        return connect(now, dialing);
      } catch (Refused again) {
        throw ColabRefusal.of(again.status, colab.session());
      }
    }
  }

  private ColabSessions.Session session() throws ConnectFailure {
    try {
      return ColabSessions.read(file).session(colab.session());
    } catch (ProfileException e) {
      throw new ConnectFailure(Reason.UNREACHABLE, String.valueOf(e.getMessage()), e);
    }
  }

  private ClientSession connect(ColabSessions.Session session, Dialing dialing)
      throws Refused, ConnectFailure, InterruptedException {
    Steps steps = dialing.steps();
    CompletableFuture<WebSocketStream> opening = opening(session, steps);
    WebSocketStream stream;
    try {
      stream = steps.await(opening);
    } catch (TimeoutException e) {
      opening.cancel(true);
      throw timeout(session, steps);
    } catch (ExecutionException e) {
      throw notOpened(session, steps, e.getCause());
    }
    try {
      return dialing.over(stream, session.runtime());
    } catch (IOException e) {
      throw new ConnectFailure(
          Reason.TRANSPORT,
          "the connection to %s was lost at once. %s".formatted(where(), nextStep()),
          e);
    }
  }

  private CompletableFuture<WebSocketStream> opening(ColabSessions.Session session, Steps steps)
      throws ConnectFailure {
    try {
      return webSockets.open(address(session), KEY_HEADER, keyLine, where(), steps.limit());
    } catch (IllegalArgumentException e) {
      // of the proxies' variables: about the address nothing is left to complain
      throw new ConnectFailure(Reason.TRANSPORT, String.valueOf(e.getMessage()));
    }
  }

  private static URI address(ColabSessions.Session session) {
    URI gateway = session.address();
    String scheme = gateway.getScheme().equals("http") ? "ws" : "wss";
    String token = URLEncoder.encode(session.token(), StandardCharsets.UTF_8).replace("+", "%20");
    return URI.create(scheme + "://" + gateway.getRawAuthority() + PATH + token);
  }

  private ConnectFailure timeout(ColabSessions.Session session, Steps steps) {
    return new ConnectFailure(
        Reason.TIMEOUT,
        "the gateway of %s, %s, did not answer within %s. %s"
            .formatted(where(), by(session), steps.limitText(), nextStep()));
  }

  /** The gateway, and the proxy on the way. */
  private String by(ColabSessions.Session session) {
    WebProxy.Way proxy = webSockets.proxy().to(session.address());
    String host = session.address().getAuthority();
    return proxy == null ? host : host + " (by the proxy " + proxy + ")";
  }

  /** Causes stay out of the failure: they may know the address. */
  private ConnectFailure notOpened(
      ColabSessions.Session session, Steps steps, @Nullable Throwable failure) throws Refused {
    WebSocketHandshakeException handshake = find(WebSocketHandshakeException.class, failure);
    if (handshake != null) {
      int status = handshake.getResponse().statusCode();
      LOG.log(System.Logger.Level.INFO, "{0}: the gateway answered {1}", where(), status);
      throw new Refused(status);
    }
    if (find(HttpTimeoutException.class, failure) != null) {
      return timeout(session, steps);
    }
    SSLException tls = find(SSLException.class, failure);
    if (tls != null) {
      return new ConnectFailure(
          Reason.TRANSPORT,
          "the gateway of %s, %s, shows no certificate that Java trusts (%s). If a proxy of your network stands in between, Java must be told of its certificate: COLABFS_JAVA_OPTS=-Djavax.net.ssl.trustStore=FILE. If not, somebody may be listening in."
              .formatted(where(), by(session), text(tls, session)));
    }
    if (find(UnresolvedAddressException.class, failure) != null
        || find(UnknownHostException.class, failure) != null) {
      return new ConnectFailure(
          Reason.UNREACHABLE,
          "the host name of the gateway of %s is unknown: %s. Check your network. %s"
              .formatted(where(), by(session), nextStep()));
    }
    if (find(ConnectException.class, failure) != null) {
      return new ConnectFailure(
          Reason.REFUSED,
          "the gateway of %s, %s, refuses connections. %s"
              .formatted(where(), by(session), nextStep()));
    }
    return new ConnectFailure(
        Reason.TRANSPORT,
        "the gateway of %s, %s, gave no WebSocket: %s. %s"
            .formatted(where(), by(session), text(failure, session), nextStep()));
  }

  private static <T extends Throwable> @Nullable T find(Class<T> kind, @Nullable Throwable from) {
    for (Throwable cause = from; cause != null; cause = cause.getCause()) {
      if (kind.isInstance(cause)) {
        return kind.cast(cause);
      }
    }
    return null;
  }

  private static String text(@Nullable Throwable failure, ColabSessions.Session session) {
    String text = failure == null ? null : failure.getMessage();
    if (text == null) {
      return failure == null ? "closed" : failure.getClass().getSimpleName();
    }
    String token = URLEncoder.encode(session.token(), StandardCharsets.UTF_8);
    return WebSocketStream.printable(
        text.replace(session.token(), "(token)").replace(token, "(token)"));
  }
}
