/**
 * What the runtime's machine has: its GPUs, memory and disk, asked by one command there. Decides
 * nothing, and keeps the last answer for who may not wait.
 *
 * <p>Public types: {@link colabfs.machine.Machine}, which asks, and {@link
 * colabfs.machine.MachineFigures}, the answer.
 */
@NullMarked
package colabfs.machine;

import org.jspecify.annotations.NullMarked;
