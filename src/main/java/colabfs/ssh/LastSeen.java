package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RuntimeId;

/**
 * What a connection told of a runtime: enough to go on without one.
 *
 * @param root absolute path of the root, links resolved
 * @param identity who the login was
 * @param hostKey key line of the server
 * @param runtimeId which runtime answered
 * @param facts what the server said of itself
 */
public record LastSeen(
    String root,
    RemoteIdentity identity,
    String hostKey,
    RuntimeId runtimeId,
    Profile.ServerFacts facts) {}
