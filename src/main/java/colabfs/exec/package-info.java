/**
 * Runs commands on the runtime for the command line: what was written before is there first, output
 * streams, signals arrive, and what the command changed shows afterwards. Knows no socket and no
 * terminal: it is given streams.
 *
 * <p>Public types: {@link colabfs.exec.ExecService}, {@link colabfs.exec.RunningCommand}, and what
 * they are given.
 */
@NullMarked
package colabfs.exec;

import org.jspecify.annotations.NullMarked;
