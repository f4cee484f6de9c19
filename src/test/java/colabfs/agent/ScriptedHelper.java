package colabfs.agent;

import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/** A helper that says what the test tells it to say, and listens to nothing. */
final class ScriptedHelper implements RemoteShell, RemoteProcess {
  private static final byte[] END = new byte[0];

  private final BlockingQueue<byte[]> said = new LinkedBlockingQueue<>();
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final InputStream stdout =
      new InputStream() {
        private byte[] current = END;
        private int at;

        @Override
        public int read() {
          throw new UnsupportedOperationException();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
          try {
            if (at == current.length) {
              current = said.take();
              at = 0;
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -1;
          }
          if (current.length == 0) {
            said.add(END);
            return -1;
          }
          int count = Math.min(length, current.length - at);
          System.arraycopy(current, at, bytes, offset, count);
          at += count;
          return count;
        }
      };

  /** Says hello as a helper does. */
  void greet() {
    say(Protocol.MAGIC);
    say(Protocol.WELCOME, 0, ByteBuffer.allocate(4).putInt(Protocol.VERSION).array());
  }

  void say(byte[] bytes) {
    if (bytes.length > 0) {
      said.add(bytes);
    }
  }

  void say(int kind, int request, byte[] payload) {
    say(Frame.prepare(kind, request, payload.length).put(payload).array());
  }

  /** Says a piece of a long answer, as it is. */
  void sayChunk(int request, byte[] raw) {
    say(Protocol.CHUNK, request, chunk(raw));
  }

  static byte[] chunk(byte[] raw) {
    return ByteBuffer.allocate(5 + raw.length).put((byte) 0).putInt(raw.length).put(raw).array();
  }

  void finish() {
    said.add(END);
  }

  /** A record of a listing, without its entries. */
  static byte[] listing(String path, int count) {
    byte[] text = path.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length)
        .put((byte) 1)
        .putShort((short) text.length)
        .put(text)
        .put((byte) 1)
        .putInt(count)
        .array();
  }

  /** An entry of a listing: a regular file of that size. */
  static byte[] entry(byte[] name, long size) {
    return ByteBuffer.allocate(Protocol.ATTRS_BYTES + 2 + name.length)
        .put(attrs(size))
        .putShort((short) name.length)
        .put(name)
        .array();
  }

  static byte[] attrs(long size) {
    return ByteBuffer.allocate(Protocol.ATTRS_BYTES)
        .putInt(0100644)
        .putInt(16, 0)
        .putLong(16, size)
        .array();
  }

  @Override
  public CompletableFuture<RemoteProcess> start(String commandLine) {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public OutputStream stdin() {
    return OutputStream.nullOutputStream();
  }

  @Override
  public InputStream stdout() {
    return stdout;
  }

  @Override
  public InputStream stderr() {
    return InputStream.nullInputStream();
  }

  @Override
  public CompletableFuture<ExitStatus> exit() {
    return exit;
  }

  @Override
  public void close() {
    exit.complete(new ExitStatus(0, ""));
    finish();
  }
}
