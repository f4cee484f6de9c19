package colabfs.ssh;

import org.jspecify.annotations.Nullable;

/** Asks for a passphrase or a password that the profile does not hold. */
@FunctionalInterface
public interface SecretPrompt {

  /** Nobody can be asked. */
  SecretPrompt NONE = text -> null;

  /**
   * May wait for a person; the time is not counted as connecting.
   *
   * @param promptText what is asked for, ending with a colon and a space
   * @return the secret, which the receiver may overwrite; null when it cannot be had
   */
  char @Nullable [] ask(String promptText);
}
