package colabfs.fuse;

import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * What is written to /dev/fuse: answers, and notices that the kernel did not ask for.
 *
 * <p>Threading: any thread, each with a scratch of its own. A notice on attributes returns at once;
 * one on an entry waits for calls that are under way in its directory, and one on pages for reads
 * of them, so a thread that serves calls never sends these.
 */
final class Device implements Exchange.Sink {
  private static final int NOTICE_INODE_BYTES = Wire.OUT_BODY + 24;
  private static final int NOTICE_ENTRY_HEAD = Wire.OUT_BODY + 16;
  private static final int SCRATCH_BYTES = NOTICE_ENTRY_HEAD + 1024 + 1;

  private final int descriptor;

  /**
   * @param descriptor a duplicate of the mount's, {@link #close}d here: what is written late must
   *     not meet another file of that number
   */
  Device(int descriptor) {
    this.descriptor = descriptor;
  }

  static Pointer scratch() {
    return Memory.allocateDirect(Runtime.getSystemRuntime(), SCRATCH_BYTES, true);
  }

  @Override
  public int writev(long vectors, long count) {
    return result(Libraries.libC().writev(descriptor, vectors, Math.toIntExact(count)));
  }

  @Override
  public int write(Pointer message, int bytes) {
    return result(Libraries.libC().write(descriptor, message, bytes));
  }

  private static int result(long written) {
    return written < 0 ? -Runtime.getSystemRuntime().getLastError() : 0;
  }

  /** What the kernel knows of a node is asked for again; with its pages, these too. */
  void forgetNode(Pointer scratch, int node, boolean pages) {
    head(scratch, NOTICE_INODE_BYTES, Wire.NOTIFY_INVAL_INODE);
    scratch.putLong(Wire.OUT_BODY, Integer.toUnsignedLong(node));
    scratch.putLong(Wire.OUT_BODY + 8, pages ? 0 : -1); // from where on; negative: no pages
    scratch.putLong(Wire.OUT_BODY + 16, 0); // to the end
    write(scratch, NOTICE_INODE_BYTES);
  }

  /** A name is asked for again; it is taken off the tree unless it shall only expire. */
  void forgetEntry(Pointer scratch, int parent, byte[] name, boolean expireOnly) {
    int bytes = NOTICE_ENTRY_HEAD + name.length + 1;
    head(scratch, bytes, Wire.NOTIFY_INVAL_ENTRY);
    scratch.putLong(Wire.OUT_BODY, Integer.toUnsignedLong(parent));
    scratch.putInt(Wire.OUT_BODY + 8, name.length);
    scratch.putInt(Wire.OUT_BODY + 12, expireOnly ? Wire.EXPIRE_ONLY : 0);
    scratch.put(NOTICE_ENTRY_HEAD, name, 0, name.length);
    scratch.putByte(bytes - 1, (byte) 0);
    write(scratch, bytes);
  }

  private static void head(Pointer scratch, int bytes, int code) {
    scratch.putInt(0, bytes);
    scratch.putInt(Wire.OUT_ERROR, code);
    scratch.putLong(Wire.OUT_UNIQUE, 0);
  }

  void close() {
    Libraries.libC().close(descriptor);
  }
}
