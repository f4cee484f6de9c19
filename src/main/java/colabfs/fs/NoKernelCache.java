package colabfs.fs;

import colabfs.core.RemotePath;

/** Nobody remembers anything, so nobody needs to be told. */
final class NoKernelCache implements KernelCache {
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
}
