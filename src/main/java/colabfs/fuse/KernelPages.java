package colabfs.fuse;

/**
 * What the kernel's pages hold of a file that is open, or was: they may be used by who opens the
 * same content again. Guarded by the owner of the name that they belong to.
 */
final class KernelPages {
  /** Of what they are; 0 when nobody knows. */
  private long content;

  private int handles;
  private int writers;

  /**
   * They may be of an older content, or become so: who has that open goes on reading it into them.
   */
  private boolean mixed;

  boolean isOpen() {
    return handles > 0;
  }

  boolean isBeingWritten() {
    return writers > 0;
  }

  /**
   * One more handle.
   *
   * @param opened the content that it reads, or 0 when others' changes of it might not be told
   * @return whether it may use the pages
   */
  boolean opened(long opened, boolean toWrite) {
    mixed |= handles > 0 && content != opened;
    boolean isSame = opened != 0 && content == opened && !mixed;
    content = opened;
    handles++;
    writers += toWrite ? 1 : 0;
    return isSame;
  }

  /** One handle less. */
  void released(boolean toWrite) {
    handles = Math.max(0, handles - 1);
    writers = handles == 0 ? 0 : Math.max(0, writers - (toWrite ? 1 : 0));
    if (handles == 0 && mixed) {
      mixed = false;
      content = 0;
    }
  }

  /** Somebody else changed the file. */
  void changed() {
    content = 0;
    mixed = isOpen();
  }
}
