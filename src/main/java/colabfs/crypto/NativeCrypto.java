package colabfs.crypto;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Amazon's Corretto Crypto Provider, when this process was started to use it and it works here;
 * else Java's own.
 *
 * <p>Threading: any thread; the first one loads it, which takes a tenth of a second.
 */
public final class NativeCrypto {
  private static final Logger LOG = System.getLogger(NativeCrypto.class.getName());

  /** Set by the launcher, which found at the build's training that the library works. */
  private static final String WANTED = "colabfs.crypto.native";

  private static final String PROVIDER =
      "com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider";

  private static final String GCM = "AES/GCM/NoPadding";
  private static final int KEY_BYTES = 16;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private NativeCrypto() {}

  /** Loaded on first use. */
  private static final class Wanted {
    static final @Nullable Provider PROVIDER = Boolean.getBoolean(WANTED) ? foundOrTold() : null;

    private static @Nullable Provider foundOrTold() {
      Provider found = find();
      if (found == null) {
        LOG.log(
            Level.WARNING,
            "the library of ciphers does not load, and Java''s own are slow here; build colabfs anew");
      }
      return found;
    }
  }

  /** Begins to load it in the background, when it is wanted. */
  public static void prepare() {
    if (Boolean.getBoolean(WANTED)) {
      Thread loader = new Thread(NativeCrypto::provider, "colabfs-crypto");
      loader.setDaemon(true);
      loader.start();
    }
  }

  /** Null where Java's own are to be used. */
  public static @Nullable Provider provider() {
    return Wanted.PROVIDER;
  }

  /** Whether it is here and works, wanted or not. */
  public static boolean works() {
    return find() != null;
  }

  /** A new SHA-256, the fastest there is. */
  public static MessageDigest sha256() {
    Provider provider = provider();
    try {
      return provider == null
          ? MessageDigest.getInstance("SHA-256")
          : MessageDigest.getInstance("SHA-256", provider);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it, and the library
    }
  }

  private static @Nullable Provider find() {
    try {
      Provider provider =
          ServiceLoader.load(Provider.class).stream()
              .filter(candidate -> candidate.type().getName().equals(PROVIDER))
              .map(ServiceLoader.Provider::get)
              .findFirst()
              .orElse(null);
      if (provider != null) {
        encryptOnce(provider);
        MessageDigest.getInstance("SHA-256", provider);
      }
      return provider;
    } catch (ServiceConfigurationError | LinkageError | GeneralSecurityException e) {
      LOG.log(Level.DEBUG, "no ciphers in C", e);
      return null;
    }
  }

  /** A library that did not load offers nothing. */
  private static void encryptOnce(Provider provider) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(GCM, provider);
    cipher.init(
        Cipher.ENCRYPT_MODE,
        new SecretKeySpec(new byte[KEY_BYTES], "AES"),
        new GCMParameterSpec(TAG_BITS, new byte[NONCE_BYTES]));
    cipher.doFinal(new byte[1]);
  }
}
