package colabfs.remote;

import org.jspecify.annotations.Nullable;

/**
 * What tells one runtime from another. Every part may be unknown, and none proves anything alone:
 * images are copied with their machine id and host key, and containers of one machine boot
 * together.
 *
 * @param machineId 32 hexadecimal digits (machine-id(5)), or null
 * @param bootId of the running kernel: a UUID in lower case (random(4)), or null
 * @param hostKey fingerprint of the SSH server's key, as ssh-keygen shows it, or null
 */
public record RuntimeId(
    @Nullable String machineId, @Nullable String bootId, @Nullable String hostKey) {

  /** Nothing is known. */
  public static final RuntimeId UNKNOWN = new RuntimeId(null, null, null);

  /** Whether what was left on a runtime can be expected to be there. */
  public enum Match {
    /** The same, and not even started again in between. */
    SAME,
    /** Started again, or made anew from the same image; or too little is known. */
    MAYBE,
    /** Another machine, or one that was made anew: nothing can be expected to be there. */
    NEW
  }

  /**
   * Compares with what was known of a runtime earlier. Another host key or another machine id is
   * another runtime. The same needs the same boot, and the same host key or machine id with it.
   */
  public Match comparedTo(RuntimeId earlier) {
    if (differs(hostKey, earlier.hostKey) || differs(machineId, earlier.machineId)) {
      return Match.NEW;
    }
    boolean isSameMachine = equal(hostKey, earlier.hostKey) || equal(machineId, earlier.machineId);
    return isSameMachine && equal(bootId, earlier.bootId) ? Match.SAME : Match.MAYBE;
  }

  private static boolean equal(@Nullable String one, @Nullable String other) {
    return one != null && one.equals(other);
  }

  private static boolean differs(@Nullable String one, @Nullable String other) {
    return one != null && other != null && !one.equals(other);
  }
}
