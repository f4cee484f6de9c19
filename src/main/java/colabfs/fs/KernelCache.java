package colabfs.fs;

import colabfs.core.RemotePath;

/**
 * The port to what the kernel remembers of a mount: names, attributes, that names are missing, and
 * contents of files. While it is trusted to be told of everything, it may remember for an hour;
 * otherwise for a moment.
 *
 * <p>It is told what others changed. What was changed through the mount it knows by itself, unless
 * something became of that which the program was not told, such as a change that the runtime
 * refused later.
 *
 * <p>The order matters: first the {@link FileSystem} answers as things are now, then the kernel is
 * told. Whoever asks after a method has returned gets the new answer, from the kernel as soon as
 * the news have reached it, in about a millisecond.
 *
 * <p>Threading: any thread, also one that serves a call of the mount; nothing here waits, and no
 * lock is taken that is held while waiting. When more news come than can be passed on, the kernel
 * lets go of everything instead.
 */
public interface KernelCache {

  /** There is no kernel to tell. */
  KernelCache NONE = new NoKernelCache();

  /** Size, times, mode, owner or number of names are others; the content may be the same. */
  void attrsChanged(RemotePath path);

  /** The content is another, and the attributes with it. */
  void contentChanged(RemotePath path);

  /**
   * The name appeared, went, or is something else now, and with it everything below. Its
   * directory's attributes changed with it.
   */
  void nameChanged(RemotePath path);

  /** Anything at or below may have changed. */
  void treeChanged(RemotePath directory);

  /**
   * Whether everything that others change where {@link FileSystem#isWatched} says so is told here
   * from now on. When it is not any more, all that the kernel remembers for long is let go. At
   * first nothing is trusted.
   */
  void trust(boolean newsFlow);
}
