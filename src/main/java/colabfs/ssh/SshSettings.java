package colabfs.ssh;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a runtime is reached.
 *
 * @param profile read again before every attempt to connect, so that a new address, key or password
 *     reaches a living connection
 * @param root directory on the runtime, absolute or relative to the login's home; null for the
 *     profile's
 * @param hostKeys asked when the profile has no pinned key
 * @param secrets asked for what the profile does not hold
 * @param callTimeout the longest that one call may take, waiting for a reconnect included
 * @param connectTimeout the longest that one step of connecting may take: name and TCP or proxy
 *     command, greeting and key exchange, login, opening the files
 */
public record SshSettings(
    ProfileSource profile,
    @Nullable String root,
    HostKeyPrompt hostKeys,
    SecretPrompt secrets,
    Duration callTimeout,
    Duration connectTimeout) {}
