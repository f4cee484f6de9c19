/**
 * Integration tests: a real SSH server, real mounts, a long link. The harness is {@link
 * colabfs.it.OpenSshServer} and {@link colabfs.it.Relay}.
 */
@NullMarked
package colabfs.it;

import org.jspecify.annotations.NullMarked;
