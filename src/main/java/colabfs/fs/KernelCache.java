package colabfs.fs;

import colabfs.core.RemotePath;

/**
 * What the kernel remembers of the mount, for whoever learns that somebody else changed it. This
 * mount's own changes are not told: the kernel has made them itself. Calls return at once and may
 * be made from any thread, also under locks.
 */
public interface KernelCache {

  /** Nothing is remembered for longer than a moment. */
  KernelCache NONE =
      new KernelCache() {
        @Override
        public void attrsChanged(RemotePath path) {}

        @Override
        public void contentChanged(RemotePath path) {}

        @Override
        public void nameChanged(RemotePath path) {}

        @Override
        public void treeChanged(RemotePath directory) {}

        @Override
        public void trust(boolean newsFlow) {}
      };

  /** Attributes of the name are others now; its content is what it was. */
  void attrsChanged(RemotePath path);

  /** Content, length and attributes of the file are others now. */
  void contentChanged(RemotePath path);

  /** The name is there now, or is not any more, or is of something else. */
  void nameChanged(RemotePath path);

  /** Anything at and below may have changed. */
  void treeChanged(RemotePath directory);

  /**
   * Whether every change is told from now on. When it is not any more, everything that is
   * remembered is let go.
   */
  void trust(boolean newsFlow);
}
