package colabfs.ssh;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.sshd.client.ClientBuilder;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.password.PasswordIdentityProvider;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.config.keys.ClientIdentityLoader;
import org.apache.sshd.client.session.ClientConnectionServiceFactory;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.cipher.Cipher;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.signature.Signature;
import org.apache.sshd.core.CoreModuleProperties;

/** Makes MINA's client with the settings that were measured to be good. */
final class Clients {

  /** 8 MiB in flight carry 100 MiB/s at 80 ms; MINA's 2 MiB a quarter of that. */
  private static final long WINDOW_BYTES = 8L << 20;

  /** One connection needs one; the others serve its successor while the old one dies. */
  private static final int NIO_WORKERS = 3;

  private static final Duration STOP_WAIT = Duration.ofSeconds(2);

  private Clients() {}

  /** A started client that reads no file of the user's. */
  static SshClient start(LoginService.Factory logins) {
    NativeCiphers.install();
    SshClient client = ClientBuilder.builder().build();
    client.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
    client.setClientIdentityLoader(ClientIdentityLoader.DEFAULT);
    client.setKeyIdentityProvider(KeyIdentityProvider.EMPTY_KEYS_PROVIDER);
    client.setPasswordIdentityProvider(PasswordIdentityProvider.EMPTY_PASSWORDS_PROVIDER);
    client.setFilePasswordProvider(FilePasswordProvider.EMPTY);
    client.setServerKeyVerifier((session, address, key) -> false);
    client.setIoServiceFactoryFactory(new StreamConnector.Factory());
    client.setServiceFactories(List.of(logins, ClientConnectionServiceFactory.INSTANCE));
    client.setChannelFactories(List.of(new VisitChannel.Factory()));
    client.setCipherFactories(ciphers(client.getCipherFactories()));
    client.setSignatureFactories(hostKeyAlgorithms());
    CoreModuleProperties.TCP_NODELAY.set(client, true);
    CoreModuleProperties.SOCKET_KEEPALIVE.set(client, true);
    CoreModuleProperties.WINDOW_SIZE.set(client, WINDOW_BYTES);
    CoreModuleProperties.IDLE_TIMEOUT.set(client, Duration.ZERO);
    CoreModuleProperties.NIO_WORKERS.set(client, NIO_WORKERS);
    CoreModuleProperties.STOP_WAIT_TIME.set(client, STOP_WAIT);
    client.start();
    return client;
  }

  /** AES-GCM first: processors have instructions for it, for MINA's favourite chacha20 not. */
  private static List<NamedFactory<Cipher>> ciphers(List<NamedFactory<Cipher>> known) {
    List<String> best =
        List.of(BuiltinCiphers.aes128gcm.getName(), BuiltinCiphers.aes256gcm.getName());
    List<NamedFactory<Cipher>> ordered = new ArrayList<>(known);
    ordered.sort(
        Comparator.comparingInt(
            cipher -> {
              int place = best.indexOf(cipher.getName());
              return place < 0 ? best.size() : place;
            }));
    return ordered;
  }

  /** As OpenSSH has them: ed25519 first; no certificates, which cannot be pinned. */
  static List<NamedFactory<Signature>> hostKeyAlgorithms() {
    return ClientBuilder.setUpDefaultSignatureFactories(false).stream()
        .filter(algorithm -> !algorithm.getName().contains("-cert-"))
        .sorted(Comparator.comparing(algorithm -> !algorithm.getName().equals("ssh-ed25519")))
        .toList();
  }
}
