/**
 * Ports that lead from here to the runtime, from the runtime to here, and wherever a SOCKS client
 * wants. Local ports stay open while the connection is away; ports of the runtime are asked for
 * again at every reconnect. Knows nothing of how bytes get there.
 *
 * <p>Public types: {@link colabfs.forward.Forwards}, which holds them, {@link
 * colabfs.forward.ForwardSpec} and {@link colabfs.forward.ForwardStatus}, what is asked for and how
 * it is, and {@link colabfs.forward.Splice}, which joins two streams.
 */
@NullMarked
package colabfs.forward;

import org.jspecify.annotations.NullMarked;
