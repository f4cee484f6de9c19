package colabfs.ssh;

import colabfs.crypto.NativeCrypto;
import java.security.Provider;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import org.apache.sshd.common.util.security.AbstractSecurityProviderRegistrar;
import org.apache.sshd.common.util.security.SecurityUtils;

/** Has MINA take AES-GCM and its MACs from {@link NativeCrypto}, where that is in use. */
final class NativeCiphers extends AbstractSecurityProviderRegistrar {
  private static final String NAME = "colabfs";
  private static final String CIPHER = "AES/GCM/NoPadding";
  private static final Set<String> MACS = Set.of("HmacSHA1", "HmacSHA256", "HmacSHA512");

  private final Provider provider;

  private NativeCiphers(Provider provider) {
    super(NAME);
    this.provider = provider;
  }

  /**
   * Once for the process, before MINA looks for a cipher: whoever is registered first is asked
   * first.
   */
  static void install() {
    Provider provider = NativeCrypto.provider();
    if (provider != null && !SecurityUtils.isProviderRegistered(NAME)) {
      SecurityUtils.registerSecurityProvider(new NativeCiphers(provider));
    }
  }

  @Override
  public boolean isSecurityEntitySupported(Class<?> entity, String name) {
    return (entity == Cipher.class && name.equalsIgnoreCase(CIPHER))
        || (entity == Mac.class && MACS.stream().anyMatch(name::equalsIgnoreCase));
  }

  @Override
  public boolean isSupported() {
    return true;
  }

  @Override
  public Provider getSecurityProvider() {
    return provider;
  }

  /** It is not among Java's providers, so that nothing but this takes it. */
  @Override
  public boolean isNamedProviderUsed() {
    return false;
  }
}
