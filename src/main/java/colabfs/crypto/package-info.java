/**
 * Ciphers and digests in C, where the build brought them for this machine: the launcher then runs a
 * mount with the quick JIT compiler alone, which knows none of the processor's instructions for
 * them. Depends on nothing.
 *
 * <p>Public type: {@link colabfs.crypto.NativeCrypto}.
 */
@NullMarked
package colabfs.crypto;

import org.jspecify.annotations.NullMarked;
