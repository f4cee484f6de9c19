/**
 * Integration tests: a real SSH server, real mounts, a long link. The harness is {@link
 * colabfs.it.OpenSshServer} and {@link colabfs.it.Relay}, which need the JDK alone, so that
 * scripts/bench can start them too.
 */
@NullMarked
package colabfs.it;

import org.jspecify.annotations.NullMarked;
