/**
 * The ports to a runtime: files ({@link colabfs.remote.RemoteFs}) and commands ({@link
 * colabfs.remote.RemoteShell}), their contract, and what a login's numbers let it do. Knows no
 * protocol and implements neither.
 */
@NullMarked
package colabfs.remote;

import org.jspecify.annotations.NullMarked;
