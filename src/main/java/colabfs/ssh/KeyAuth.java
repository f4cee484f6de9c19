package colabfs.ssh;

import java.io.IOException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.List;
import org.apache.sshd.client.auth.pubkey.PublicKeyIdentity;
import org.apache.sshd.client.auth.pubkey.UserAuthPublicKey;
import org.apache.sshd.client.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.signature.Signature;
import org.apache.sshd.common.signature.SignatureFactoriesManager;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * Public-key login over the keys of a {@link Login}; one that is sure to do is signed with at once,
 * which saves the round trip of asking (RFC 4252, section 7 leaves the asking to the client).
 */
final class KeyAuth extends UserAuthPublicKey {
  private final Login login;
  private Identities.@Nullable Keys ownKeys;

  private KeyAuth(Login login, List<NamedFactory<Signature>> factories) {
    super(factories);
    this.login = login;
  }

  /** Makes one for each login. */
  static final class Factory extends UserAuthPublicKeyFactory {
    private final Login login;

    Factory(Login login) {
      this.login = login;
    }

    @Override
    public UserAuthPublicKey createUserAuth(ClientSession session) throws IOException {
      return new KeyAuth(login, session.getSignatureFactories());
    }
  }

  @Override
  protected Identities.Keys createPublicKeyIterator(
      ClientSession session, SignatureFactoriesManager manager) {
    Identities.Keys created = login.identities().keys(session, manager);
    ownKeys = created;
    return created;
  }

  @Override
  protected boolean sendAuthDataRequest(ClientSession session, String service) throws Exception {
    PublicKeyIdentity first = current == null && ownKeys != null ? ownKeys.peek() : null;
    if (first == null || !isSure(first.getKeyIdentity().getPublic())) {
      return super.sendAuthDataRequest(session, service);
    }
    current = keys.next();
    KeyPair pair = current.getKeyIdentity();
    PublicKey key = pair.getPublic();
    chosenAlgorithm = KeyUtils.getKeyType(key);
    login.signalAuthenticationAttempt(session, service, pair, chosenAlgorithm);
    Buffer buffer = session.createBuffer(SshConstants.SSH_MSG_USERAUTH_REQUEST);
    buffer.putString(session.getUsername());
    buffer.putString(service);
    buffer.putString(getName());
    buffer.putBoolean(true);
    buffer.putString(chosenAlgorithm);
    buffer.putPublicKey(key);
    appendSignature(
        session, service, getName(), session.getUsername(), chosenAlgorithm, key, null, buffer);
    session.writePacket(buffer);
    login.early().ask(session);
    return true;
  }

  /** RSA keys have several algorithms, and which the server takes MINA knows better. */
  private boolean isSure(PublicKey key) {
    return !KeyPairProvider.SSH_RSA.equals(KeyUtils.getKeyType(key))
        && login.isSureOf(HostKey.of(key).fingerprint());
  }
}
