/**
 * One SSH connection to a runtime: transports, host keys, authentication, keep-alive, reconnect;
 * SFTP behind {@link colabfs.remote.RemoteFs} and exec behind {@link colabfs.remote.RemoteShell}.
 * Caches nothing.
 */
@NullMarked
package colabfs.ssh;

import org.jspecify.annotations.NullMarked;
