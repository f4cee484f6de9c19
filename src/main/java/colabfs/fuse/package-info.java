/**
 * The edge to the kernel: mounts a {@link colabfs.fs.FileSystem} with libfuse 2 through jnr-fuse,
 * turns each FUSE call into one call of that file system and each failure into {@code -errno}, and
 * unmounts. It translates and decides nothing: no cache but the kernel's, no retry, no path that is
 * not the kernel's.
 *
 * <p>How a call arrives: {@code RequestLoop} (threads of ours read requests from /dev/fuse and hand
 * them to libfuse) - libfuse - {@code Callbacks} (native functions) - {@code CallGuard} (errors,
 * counts, times) - {@code FuseAdapter} (the translation) - {@link colabfs.fs.FileSystem}.
 *
 * <p>How an answer leaves: libfuse - {@code Answers} (a channel of ours) - {@code Exchange} (how
 * long the kernel may remember it) - /dev/fuse. What was told is kept in {@code KernelMemory},
 * which makes others' changes into notices that {@code Notices} sends.
 *
 * <p>Public types: {@link colabfs.fuse.FuseMount} with {@link colabfs.fuse.FuseSettings}, {@link
 * colabfs.fuse.MountException} and {@link colabfs.fuse.LocalUser}.
 */
@NullMarked
package colabfs.fuse;

import org.jspecify.annotations.NullMarked;
