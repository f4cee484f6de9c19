/**
 * The command line: parses, calls the rooms below, prints, and gives the exit code. Decides nothing
 * that another front end would have to decide again.
 *
 * <p>Begin at {@link colabfs.cli.Main}. Commands keep heavy libraries out of their own classes'
 * signatures, so that {@code colabfs --help} does not load them.
 */
@NullMarked
package colabfs.cli;

import org.jspecify.annotations.NullMarked;
