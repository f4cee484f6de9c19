package colabfs.agent;

import colabfs.remote.RuntimeId;
import java.util.Set;

/**
 * How the helper is, for people.
 *
 * @param up whether it can be asked
 * @param reason why it is not up, in words; empty when it is
 * @param python version of the runtime's Python; empty when not up
 * @param pid number of its process on the runtime; 0 when not up
 * @param umask that it runs with
 * @param id machine and boot, without a host key
 * @param root the real path of what it serves; empty when not up
 * @param watches directories that it watches, as it said last
 * @param watchLimit how many it may watch; 0 where it cannot
 * @param capabilities what it can be asked for; empty when not up
 */
public record AgentStatus(
    boolean up,
    String reason,
    String python,
    long pid,
    int umask,
    RuntimeId id,
    String root,
    long watches,
    long watchLimit,
    Set<String> capabilities) {

  static AgentStatus down(String reason) {
    return new AgentStatus(false, reason, "", 0, 0, RuntimeId.UNKNOWN, "", 0, 0, Set.of());
  }

  AgentStatus withWatches(long newWatches) {
    return new AgentStatus(
        up, reason, python, pid, umask, id, root, newWatches, watchLimit, capabilities);
  }
}
