/**
 * The notebook cell that makes a runtime reachable: a Python program with the user's settings in
 * its head, and the notebook around it. Runs nothing.
 *
 * <p>Public types: {@link colabfs.notebook.SetupCell}, and {@link colabfs.notebook.SetupSettings},
 * what goes into it.
 */
@NullMarked
package colabfs.notebook;

import org.jspecify.annotations.NullMarked;
