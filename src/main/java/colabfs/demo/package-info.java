/**
 * A runtime to try colabfs on without having one: an SSH server inside this process that serves a
 * temporary directory, and the demonstration that mounts it and shows what is typed and what comes
 * out. Nothing else depends on it.
 *
 * <p>Public types: {@link colabfs.demo.Demo} and {@link colabfs.demo.EmbeddedRuntime}.
 */
@NullMarked
package colabfs.demo;

import org.jspecify.annotations.NullMarked;
