/**
 * The ports to a runtime: files ({@link colabfs.remote.RemoteFs}) and commands ({@link
 * colabfs.remote.RemoteShell}), and their contract. Knows no protocol and implements nothing.
 */
@NullMarked
package colabfs.remote;

import org.jspecify.annotations.NullMarked;
