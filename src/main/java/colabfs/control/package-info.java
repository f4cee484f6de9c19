/**
 * The socket between the command line and a running mount: its protocol, both its ends, and the
 * list of running mounts. Decides nothing about mounts: a {@link colabfs.control.ControlHandler}
 * does.
 *
 * <p>A connection carries one request. A frame is one byte of type, four bytes of length (big
 * endian) and the payload. The first frame is a {@code REQUEST}; what follows is in {@link
 * colabfs.control.FrameType}. Both ends write only when the other reads, so nothing piles up.
 *
 * <p>Public types: {@link colabfs.control.ControlServer}, {@link colabfs.control.ControlClient},
 * {@link colabfs.control.RunningMounts}, and what they exchange.
 */
@NullMarked
package colabfs.control;

import org.jspecify.annotations.NullMarked;
