/**
 * Where the services are put together, and how long they live: the mount's process from its launch
 * to its end, the list of mounts as a person thinks of it, a command without a mount.
 *
 * <p>Begin at {@link colabfs.app.MountProcess}.
 */
@NullMarked
package colabfs.app;

import org.jspecify.annotations.NullMarked;
