package colabfs.ssh;

import colabfs.profile.ColabSessions;
import colabfs.profile.Profile;
import colabfs.ssh.ConnectFailure.Reason;
import colabfs.ssh.KeyFiles.BadKeyFile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.future.AuthFuture;
import org.apache.sshd.client.future.ConnectFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository;
import org.jspecify.annotations.Nullable;

/**
 * Makes one SSH session: transport, greeting, keys, login. Waits; every step is bounded.
 *
 * <p>Threading: one attempt at a time.
 */
final class Dialer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Dialer.class.getName());

  /** Stands where MINA wants an address and a stream has none. */
  private static final InetSocketAddress NOWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

  private final SshSettings settings;
  private final Surroundings user;
  private final LoginService.Factory logins = new LoginService.Factory();
  private final KeyFiles keyFiles = new KeyFiles();
  private final Login.Remembered remembered = new Login.Remembered();
  private final WebSockets webSockets;
  private final SshClient client = Clients.start(logins);
  private final Traffic traffic;

  /** Whether the first channels may be asked for together with the login. */
  private boolean early = true;

  /**
   * A session that is logged in.
   *
   * @param pin the server's key, with the runtime that it is of where that is known
   * @param software what the server calls itself, such as {@code OpenSSH_9.2p1}
   * @param way what led in, for people
   * @param channels that were asked for together with the login; null when none were
   */
  record Dialed(
      ClientSession session,
      Pin pin,
      String software,
      String way,
      String where,
      Progress progress,
      @Nullable FirstChannels channels) {

    HostKey hostKey() {
      return pin.key();
    }
  }

  Dialer(SshSettings settings, Surroundings user, Traffic traffic) {
    this.settings = settings;
    this.user = user;
    this.traffic = traffic;
    this.webSockets = new WebSockets(WebProxy.ofEnvironment(user.environment()));
  }

  /**
   * Connects and logs in.
   *
   * @param pinned the key that the server must have, null if any
   * @param asksWho whether it is not known who the login is
   * @param isFutile whether nobody wants the session any longer, which then ends as if out of time
   */
  Dialed dial(Profile profile, @Nullable Pin pinned, boolean asksWho, BooleanSupplier isFutile)
      throws ConnectFailure, InterruptedException {
    FirstChannels.Early channels = new FirstChannels.Early(traffic, asksWho, early);
    try {
      return dial(profile, pinned, channels, isFutile);
    } catch (ConnectFailure e) {
      if (!channels.wasInVain() || e.reason() != Reason.TRANSPORT) {
        throw e;
      }
      LOG.log(
          System.Logger.Level.INFO,
          "lost while logging in, perhaps as channels were asked for with it: once more, without ({0})",
          e.getMessage());
    }
    early = false;
    return dial(profile, pinned, new FirstChannels.Early(traffic, asksWho, false), isFutile);
  }

  private Dialed dial(
      Profile profile, @Nullable Pin pinned, FirstChannels.Early channels, BooleanSupplier isFutile)
      throws ConnectFailure, InterruptedException {
    Prompts prompts = new Prompts(settings.hostKeys(), settings.secrets(), System::nanoTime);
    Steps steps = new Steps(prompts, settings.connectTimeout(), isFutile);
    try (Identities identities =
        Identities.gather(profile.credentials(), user, keyFiles, prompts)) {
      Transport transport = transport(profile, identities);
      Login login = new Login(profile, identities, prompts, remembered, channels);
      HostKeyCheck hostKeys = new HostKeyCheck(pinned, prompts);
      return new Attempt(profile, transport, steps, login, hostKeys).run(pinned);
    } catch (BadKeyFile e) {
      throw new ConnectFailure(Reason.AUTHENTICATION, String.valueOf(e.getMessage()), e);
    }
  }

  private Transport transport(Profile profile, Identities identities) throws ConnectFailure {
    Profile.Endpoint endpoint = profile.endpoint();
    if (endpoint instanceof Profile.Command command) {
      return new CommandTransport(profile, command);
    }
    return endpoint instanceof Profile.Colab colab
        ? new ColabTransport(
            colab,
            ColabSessions.file(colab, user.environment()),
            ColabKey.choose(identities),
            webSockets)
        : new TcpTransport(endpoint);
  }

  @Override
  public void close() {
    client.stop();
  }

  private final class Attempt implements Transport.Dialing {
    private final Profile profile;
    private final Transport transport;
    private final Steps steps;
    private final Login login;
    private final HostKeyCheck hostKeys;
    private final Progress progress = new Progress();
    private final Diagnosis diagnosis;

    Attempt(Profile profile, Transport transport, Steps steps, Login login, HostKeyCheck hostKeys) {
      this.profile = profile;
      this.transport = transport;
      this.steps = steps;
      this.login = login;
      this.hostKeys = hostKeys;
      this.diagnosis = new Diagnosis(transport, progress, steps);
    }

    Dialed run(@Nullable Pin pinned) throws ConnectFailure, InterruptedException {
      logins.next(login);
      client.setUserAuthFactories(login.methods());
      client.setUserInteraction(login);
      client.setPublicKeyAuthenticationReporter(login);
      client.setPasswordAuthenticationReporter(login.passwordReports());
      client.setServerKeyVerifier(hostKeys);
      client.setSignatureFactories(
          pinned == null
              ? Clients.hostKeyAlgorithms()
              : pinned.key().first(Clients.hostKeyAlgorithms()));
      client.addSessionListener(progress);
      ClientSession session = null;
      try {
        session = transport.connect(this);
        session.setServerKeyVerifier(hostKeys); // the client's is the next attempt's
        agreeOnKeys();
        FirstChannels channels = login(session);
        session.addSessionListener(progress);
        ClientSession dialed = session;
        session = null;
        return dialed(dialed, channels);
      } finally {
        client.removeSessionListener(progress);
        if (session != null) {
          session.close(true);
        }
      }
    }

    private Dialed dialed(ClientSession session, @Nullable FirstChannels channels)
        throws ConnectFailure {
      Pin key = hostKeys.accepted();
      if (key == null) {
        session.close(true);
        throw diagnosis.lost(null);
      }
      String version = session.getServerVersion();
      String software = version == null ? "" : version.replaceFirst("^SSH-[0-9.]+-", "");
      return new Dialed(session, key, software, login.way(), diagnosis.where(), progress, channels);
    }

    @Override
    public Steps steps() {
      return steps;
    }

    @Override
    public ClientSession to(InetSocketAddress address, Duration patience)
        throws ExecutionException, TimeoutException, InterruptedException {
      return await(begin(address, null), patience);
    }

    @Override
    public ClientSession over(ByteStream stream, @Nullable String runtime) throws IOException {
      hostKeys.at(runtime);
      try {
        ClientSession session =
            begin(NOWHERE, AttributeRepository.ofKeyValuePair(StreamConnector.STREAM, stream))
                .verify(steps.limit())
                .getSession();
        stream = null;
        return session;
      } catch (ExecutionException e) {
        throw new IOException(e.getCause());
      } finally {
        if (stream != null) {
          stream.close();
        }
      }
    }

    private ConnectFuture begin(InetSocketAddress address, @Nullable AttributeRepository context)
        throws ExecutionException {
      try {
        return client.connect(profile.user(), address, context, null);
      } catch (IOException | IllegalArgumentException e) {
        throw new ExecutionException(e);
      }
    }

    private ClientSession await(ConnectFuture future, Duration patience)
        throws ExecutionException, TimeoutException, InterruptedException {
      boolean inTime = false;
      try {
        steps.await(Steps.ended(future), patience);
        inTime = true;
      } finally {
        if (!inTime) {
          future.addListener(Attempt::closeLate);
          future.cancel();
        }
      }
      if (!future.isConnected()) {
        throw new ExecutionException(future.getException());
      }
      return future.getSession();
    }

    private static void closeLate(ConnectFuture late) {
      if (late.isConnected()) {
        late.getSession().close(true);
      }
    }

    private void agreeOnKeys() throws ConnectFailure, InterruptedException {
      try {
        steps.await(progress.keysAgreed());
      } catch (TimeoutException e) {
        throw diagnosis.greetingTimeout();
      } catch (ExecutionException e) {
        ConnectFailure refusal = hostKeys.refusal(diagnosis.where(), profile.name());
        throw refusal != null ? refusal : diagnosis.noKeys(e.getCause());
      }
    }

    /** What was opened with it, or null. */
    private @Nullable FirstChannels login(ClientSession session)
        throws ConnectFailure, InterruptedException {
      AuthFuture future;
      try {
        future = session.auth();
        steps.await(Steps.ended(future));
      } catch (IOException | ExecutionException | IllegalStateException e) {
        throw diagnosis.lost(e); // MINA's word for a session that has ended: illegal state
      } catch (TimeoutException e) {
        throw diagnosis.loginTimeout();
      }
      if (!future.isSuccess()) {
        throw diagnosis.notLoggedIn(login, future.getException());
      }
      login.succeeded();
      try {
        return steps.await(login.early().made()).orElse(null);
      } catch (ExecutionException | TimeoutException e) {
        throw diagnosis.lost(e); // it ends beside the login
      }
    }
  }
}
