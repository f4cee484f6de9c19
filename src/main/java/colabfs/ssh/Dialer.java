package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.ssh.CommandConnector.CommandAddress;
import colabfs.ssh.ConnectFailure.Reason;
import colabfs.ssh.KeyFiles.BadKeyFile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
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

  /** With several addresses of one host, none may use up the time of all. */
  private static final Duration LEAST_PER_ADDRESS = Duration.ofSeconds(2);

  /** Stands where MINA wants an address and a proxy command needs none. */
  private static final InetSocketAddress NOWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

  private final SshSettings settings;
  private final Surroundings user;
  private final LoginService.Factory logins = new LoginService.Factory();
  private final KeyFiles keyFiles = new KeyFiles();
  private final Login.Remembered remembered = new Login.Remembered();
  private final SshClient client = Clients.start(logins);

  /**
   * A session that is logged in.
   *
   * @param software what the server calls itself, such as {@code OpenSSH_9.2p1}
   */
  record Dialed(
      ClientSession session, HostKey hostKey, String software, String where, Progress progress) {}

  Dialer(SshSettings settings, Surroundings user) {
    this.settings = settings;
    this.user = user;
  }

  /**
   * Connects and logs in.
   *
   * @param pinned the key that the server must have, null if any
   * @param isFutile whether nobody wants the session any longer, which then ends as if out of time
   */
  Dialed dial(Profile profile, @Nullable HostKey pinned, BooleanSupplier isFutile)
      throws ConnectFailure, InterruptedException {
    Prompts prompts = new Prompts(settings.hostKeys(), settings.secrets(), System::nanoTime);
    Steps steps = new Steps(prompts, settings.connectTimeout(), isFutile);
    try (Identities identities =
        Identities.gather(profile.credentials(), user, keyFiles, prompts)) {
      Login login = new Login(profile, identities, prompts, remembered);
      HostKeyCheck hostKeys = new HostKeyCheck(pinned, prompts);
      return new Attempt(profile, steps, login, hostKeys).run(pinned);
    } catch (BadKeyFile e) {
      throw new ConnectFailure(Reason.AUTHENTICATION, String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    client.stop();
  }

  private final class Attempt {
    private final Profile profile;
    private final Steps steps;
    private final Login login;
    private final HostKeyCheck hostKeys;
    private final Progress progress = new Progress();
    private final Diagnosis diagnosis;

    Attempt(Profile profile, Steps steps, Login login, HostKeyCheck hostKeys) {
      this.profile = profile;
      this.steps = steps;
      this.login = login;
      this.hostKeys = hostKeys;
      this.diagnosis = new Diagnosis(profile, progress, steps.limit());
    }

    Dialed run(@Nullable HostKey pinned) throws ConnectFailure, InterruptedException {
      logins.next(login);
      client.setUserAuthFactories(login.methods());
      client.setUserInteraction(login);
      client.setPublicKeyAuthenticationReporter(login);
      client.setPasswordAuthenticationReporter(login.passwordReports());
      client.setServerKeyVerifier(hostKeys);
      client.setSignatureFactories(
          pinned == null ? Clients.hostKeyAlgorithms() : pinned.first(Clients.hostKeyAlgorithms()));
      client.addSessionListener(progress);
      ClientSession session = null;
      try {
        session = connect();
        session.setServerKeyVerifier(hostKeys); // the client's is the next attempt's
        agreeOnKeys();
        login(session);
        session.addSessionListener(progress);
        ClientSession dialed = session;
        session = null;
        return dialed(dialed);
      } finally {
        client.removeSessionListener(progress);
        if (session != null) {
          session.close(true);
        }
      }
    }

    private Dialed dialed(ClientSession session) throws ConnectFailure {
      HostKey key = hostKeys.accepted();
      if (key == null) {
        session.close(true);
        throw diagnosis.lost(null);
      }
      String version = session.getServerVersion();
      String software = version == null ? "" : version.replaceFirst("^SSH-[0-9.]+-", "");
      return new Dialed(session, key, software, diagnosis.where(), progress);
    }

    private ClientSession connect() throws ConnectFailure, InterruptedException {
      AttributeRepository command = command();
      if (command != null) {
        return connect(NOWHERE, command, steps.limit());
      }
      List<InetSocketAddress> addresses = addresses();
      ConnectFailure last = null;
      long end = System.nanoTime() + steps.limit().toNanos();
      for (int i = 0; i < addresses.size(); i++) {
        Duration left = Duration.ofNanos(end - System.nanoTime());
        Duration share = left.dividedBy(addresses.size() - i);
        Duration patience = share.compareTo(LEAST_PER_ADDRESS) < 0 ? left : share;
        try {
          return connect(addresses.get(i), null, patience);
        } catch (ConnectFailure e) {
          LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", addresses.get(i), e.getMessage());
          last = e;
        }
      }
      throw last == null ? diagnosis.unknownHost(null) : last;
    }

    private ClientSession connect(
        InetSocketAddress address, @Nullable AttributeRepository context, Duration patience)
        throws ConnectFailure, InterruptedException {
      ConnectFuture future;
      try {
        future = client.connect(profile.user(), address, context, null);
      } catch (IOException | IllegalArgumentException e) {
        throw diagnosis.notConnected(e);
      }
      try {
        steps.await(Steps.ended(future), patience);
      } catch (TimeoutException | ExecutionException e) {
        future.addListener(Attempt::closeLate);
        future.cancel();
        throw diagnosis.connectTimeout();
      }
      if (!future.isConnected()) {
        throw diagnosis.notConnected(future.getException());
      }
      return future.getSession();
    }

    private static void closeLate(ConnectFuture late) {
      if (late.isConnected()) {
        late.getSession().close(true);
      }
    }

    /** The proxy command, as its connector wants it; null where there is none. */
    private @Nullable AttributeRepository command() throws ConnectFailure {
      if (!(profile.endpoint() instanceof Profile.Command command)) {
        return null;
      }
      try {
        return AttributeRepository.ofKeyValuePair(
            CommandConnector.COMMAND,
            new CommandAddress(ProxyCommand.arguments(command, profile.user())));
      } catch (IllegalArgumentException e) {
        throw diagnosis.badCommand(e);
      }
    }

    private List<InetSocketAddress> addresses() throws ConnectFailure, InterruptedException {
      String host = profile.endpoint().host();
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
            .map(address -> new InetSocketAddress(address, profile.endpoint().port()))
            .toList();
      } catch (ExecutionException e) {
        throw diagnosis.unknownHost(e.getCause());
      } catch (TimeoutException e) {
        throw diagnosis.lookupTimeout();
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

    private void login(ClientSession session) throws ConnectFailure, InterruptedException {
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
    }
  }
}
