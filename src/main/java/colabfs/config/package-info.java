/**
 * The defaults that a user set once: one table of settings, their file, and their environment
 * variables. Decides nothing by itself, and knows nothing of the options' syntax.
 *
 * <p>Public types: {@link colabfs.config.Setting}, the table; {@link colabfs.config.Settings}, what
 * holds here; {@link colabfs.config.Values}, how values are read.
 */
@NullMarked
package colabfs.config;

import org.jspecify.annotations.NullMarked;
