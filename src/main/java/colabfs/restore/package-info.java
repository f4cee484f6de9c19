/**
 * Sends what a mount knows of its tree to a runtime that does not have it: a new one, or one whose
 * root was emptied. Never replaces anything there, and never decides that it is to be done.
 *
 * <p>Public types: {@link colabfs.restore.Restore}, its {@link colabfs.restore.RestoreRules} and
 * its {@link colabfs.restore.RestoreReport}.
 */
@NullMarked
package colabfs.restore;

import org.jspecify.annotations.NullMarked;
