package colabfs.ssh;

/** Decides about the key of a server whose key is not pinned yet. */
@FunctionalInterface
public interface HostKeyPrompt {

  /** Trusts no server whose key is not pinned. */
  HostKeyPrompt REFUSE = (keyLine, fingerprint) -> false;

  /** Trusts whoever answers first; its key is then pinned. */
  HostKeyPrompt ACCEPT = (keyLine, fingerprint) -> true;

  /**
   * May wait for a person; the time is not counted as connecting.
   *
   * @param keyLine the key as {@link colabfs.profile.Profile#hostKey} holds it
   * @param sha256Fingerprint as ssh-keygen shows it: {@code SHA256:...}
   */
  boolean accept(String keyLine, String sha256Fingerprint);
}
