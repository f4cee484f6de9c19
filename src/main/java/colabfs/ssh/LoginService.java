package colabfs.ssh;

import java.io.IOException;
import java.util.List;
import org.apache.sshd.client.future.AuthFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.client.session.ClientUserAuthService;
import org.apache.sshd.client.session.ClientUserAuthServiceFactory;
import org.apache.sshd.common.Service;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.io.AbstractIoWriteFuture;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * MINA's login, which here tells what the server offers, and begins with the first way instead of
 * with the question which there are (the "none" request), where that way is sure to do: one round
 * trip less.
 */
final class LoginService extends ClientUserAuthService {
  private final Login login;
  private boolean guessing;

  private LoginService(Session session, Login login) {
    super(session);
    this.login = login;
  }

  /** Makes one for each session of the client; the login is that of the attempt under way. */
  static final class Factory extends ClientUserAuthServiceFactory {
    private volatile @Nullable Login next;

    void next(Login login) {
      this.next = login;
    }

    @Override
    public Service create(Session session) throws IOException {
      Login login = next;
      if (login == null) {
        throw new IOException("no login was prepared");
      }
      return new LoginService(session, login);
    }
  }

  @Override
  protected IoWriteFuture sendInitialAuthRequest(ClientSession session, String service)
      throws IOException {
    AuthFuture future = authFutureHolder.get();
    if (!login.isSureOfKey() || future == null) {
      return super.sendInitialAuthRequest(session, service);
    }
    guessing = true;
    serverMethods = List.of(clientMethods.get(0));
    try {
      tryNext(SshConstants.SSH_MSG_USERAUTH_REQUEST, future);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
    return AbstractIoWriteFuture.fulfilled("login", true);
  }

  @Override
  protected void processUserAuth(int cmd, Buffer buffer, AuthFuture future) throws Exception {
    if (cmd == SshConstants.SSH_MSG_USERAUTH_FAILURE) {
      int start = buffer.rpos();
      login.early().refused();
      login.offered(List.of(buffer.getString().split(",", -1)));
      buffer.rpos(start);
      if (guessing) {
        guessing = false;
        serverMethods = null; // the server's list now counts, and is read from this very message
      }
    }
    super.processUserAuth(cmd, buffer, future);
    if (cmd == SshConstants.SSH_MSG_USERAUTH_SUCCESS) {
      login.early().loggedIn(getClientSession());
    }
  }
}
