/**
 * Examines everything that a mount needs, step by step from this machine to the runtime, and says
 * of each whether it is well and what to do. Never changes anything, here or there.
 *
 * <p>Public types: {@link colabfs.doctor.Doctor}, which asks; {@link colabfs.doctor.Finding}, an
 * answer; {@link colabfs.doctor.Report}, all of them.
 */
@NullMarked
package colabfs.doctor;

import org.jspecify.annotations.NullMarked;
