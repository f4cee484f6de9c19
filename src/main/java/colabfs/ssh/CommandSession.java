package colabfs.ssh;

import colabfs.ssh.CommandConnector.CommandAddress;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.io.AbstractIoWriteFuture;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoService;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.common.util.closeable.AbstractCloseable;
import org.jspecify.annotations.Nullable;

/**
 * A byte stream to a server through a subprocess: what is written goes to its standard input, what
 * it prints is what the server said, and what it prints as errors goes to the log. When it ends,
 * the connection is lost; when the session is closed, it is killed.
 *
 * <p>Threading: three threads of its own, since a process's streams only block.
 */
final class CommandSession extends AbstractCloseable implements IoSession {
  private static final System.Logger LOG = System.getLogger(CommandSession.class.getName());

  /** As large as a pipe (pipe(7)): more cannot be there at once. */
  private static final int READ_BYTES = 64 * 1024;

  /** How many of the last lines of errors a failure's message holds. */
  private static final int ERROR_LINES = 5;

  private static final int MAX_ERROR_LINE = 500;
  private static final long KILL_AFTER_MILLIS = 1_000;

  /** For errors that are printed but not read yet; a grandchild may hold the pipe for ever. */
  private static final long LAST_WORDS_MILLIS = 300;

  private static final AtomicLong IDS = new AtomicLong();

  private final IoService service;
  private final IoHandler handler;
  private final CommandAddress address;
  private final Process process;
  private final long id = IDS.incrementAndGet();
  private final Map<Object, Object> attributes = new ConcurrentHashMap<>();
  private final Thread errorReader = daemon("errors", this::readErrors);
  private final BlockingQueue<PendingWrite> writes = new LinkedBlockingQueue<>();

  /** Guards what follows; nothing else is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition resumed = lock.newCondition();
  private final Deque<String> errorLines = new ArrayDeque<>();
  private boolean suspended;

  private static final class PendingWrite extends AbstractIoWriteFuture {
    private final Buffer buffer;

    PendingWrite(Object id, Buffer buffer) {
      super(id, null);
      this.buffer = buffer;
    }

    void done(Object result) {
      setValue(result);
    }
  }

  /** Starts the program; IOException when it cannot be run. */
  CommandSession(IoService service, IoHandler handler, CommandAddress address) throws IOException {
    this.service = service;
    this.handler = handler;
    this.address = address;
    this.process = new ProcessBuilder(address.program()).start();
  }

  /** Begins to deliver what the program prints. */
  void start() {
    errorReader.start();
    daemon("read", this::read).start();
    daemon("write", this::write).start();
  }

  private Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(work, "colabfs-proxy-" + name + "-" + id);
    thread.setDaemon(true);
    return thread;
  }

  private void read() {
    byte[] bytes = new byte[READ_BYTES];
    try (InputStream stdout = process.getInputStream()) {
      while (!isClosing()) {
        awaitResume();
        int count = stdout.read(bytes);
        if (count < 0) {
          throw new EOFException(endMessage());
        }
        handler.messageReceived(this, new ByteArrayBuffer(bytes, 0, count));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(e);
    } catch (Exception e) {
      fail(e);
    }
  }

  private void awaitResume() throws InterruptedException {
    lock.lock();
    try {
      while (suspended && !isClosing()) {
        resumed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private void write() {
    OutputStream stdin = process.getOutputStream();
    while (true) {
      PendingWrite next = null;
      try {
        next = writes.take();
        if (isClosing()) {
          next.done(new EOFException("the proxy command's session is closed"));
          failWrites();
          return;
        }
        Buffer buffer = next.buffer;
        stdin.write(buffer.array(), buffer.rpos(), buffer.available());
        stdin.flush();
        next.done(true);
      } catch (IOException e) {
        endWrites(next, e);
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        fail(e);
        return;
      }
    }
  }

  /** A pipe that nobody reads: why, the program's end tells better than the pipe. */
  private void endWrites(PendingWrite failed, IOException pipe) {
    IOException reason = pipe;
    try {
      reason = new IOException(endMessage(), pipe);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    failed.done(reason);
    fail(reason);
    failWrites();
  }

  private void readErrors() {
    try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String text = line.length() > MAX_ERROR_LINE ? line.substring(0, MAX_ERROR_LINE) : line;
        LOG.log(System.Logger.Level.INFO, "proxy command: {0}", text);
        lock.lock();
        try {
          if (errorLines.size() == ERROR_LINES) {
            errorLines.removeFirst();
          }
          errorLines.addLast(text);
        } finally {
          lock.unlock();
        }
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "the proxy command''s errors end: {0}", e.getMessage());
    }
  }

  /** Why the stream ended, in words; waits a moment for the program's status and last words. */
  private String endMessage() throws InterruptedException {
    boolean ended = process.waitFor(KILL_AFTER_MILLIS, TimeUnit.MILLISECONDS);
    errorReader.join(LAST_WORDS_MILLIS);
    StringBuilder text = new StringBuilder("the proxy command '");
    text.append(address.program().get(0)).append('\'');
    text.append(
        ended ? " ended with status " + process.exitValue() : " closed its standard output");
    lock.lock();
    try {
      if (!errorLines.isEmpty()) {
        text.append("; it said: ").append(String.join(" | ", errorLines));
      }
    } finally {
      lock.unlock();
    }
    return text.toString();
  }

  private void fail(Exception reason) {
    if (isClosing()) {
      return;
    }
    try {
      handler.exceptionCaught(this, reason);
    } catch (Exception e) {
      LOG.log(System.Logger.Level.DEBUG, "while telling that a proxy command ended", e);
    }
    close(true);
  }

  @Override
  public IoWriteFuture writeBuffer(Buffer buffer) throws IOException {
    if (isClosing()) {
      throw new EOFException("the proxy command's session is closed");
    }
    PendingWrite write = new PendingWrite(id, buffer);
    writes.add(write);
    if (isClosing()) {
      failWrites(); // the writer may have gone between the look and the add
    }
    return write;
  }

  private void failWrites() {
    for (PendingWrite left = writes.poll(); left != null; left = writes.poll()) {
      left.done(new EOFException("the proxy command's session is closed"));
    }
  }

  @Override
  protected void doCloseImmediately() {
    resumeRead();
    List<ProcessHandle> family = process.descendants().toList();
    family.forEach(ProcessHandle::destroy);
    process.destroy();
    process
        .onExit()
        .orTimeout(KILL_AFTER_MILLIS, TimeUnit.MILLISECONDS)
        .exceptionally(
            late -> {
              family.forEach(ProcessHandle::destroyForcibly);
              return process.destroyForcibly();
            });
    writes.add(new PendingWrite(id, new ByteArrayBuffer())); // wakes the writer, which then ends
    try {
      handler.sessionClosed(this);
    } catch (Exception e) {
      LOG.log(System.Logger.Level.DEBUG, "while telling that a session is closed", e);
    }
    super.doCloseImmediately();
  }

  @Override
  public void suspendRead() {
    setSuspended(true);
  }

  @Override
  public void resumeRead() {
    setSuspended(false);
  }

  private void setSuspended(boolean value) {
    lock.lock();
    try {
      suspended = value;
      resumed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void shutdownOutputStream() throws IOException {
    process.getOutputStream().close();
  }

  @Override
  public long getId() {
    return id;
  }

  @Override
  public @Nullable Object getAttribute(Object key) {
    return attributes.get(key);
  }

  @Override
  public @Nullable Object setAttribute(Object key, Object value) {
    return attributes.put(key, value);
  }

  @Override
  public @Nullable Object setAttributeIfAbsent(Object key, Object value) {
    return attributes.putIfAbsent(key, value);
  }

  @Override
  public @Nullable Object removeAttribute(Object key) {
    return attributes.remove(key);
  }

  @Override
  public SocketAddress getRemoteAddress() {
    return address;
  }

  @Override
  public SocketAddress getLocalAddress() {
    return address;
  }

  @Override
  public SocketAddress getAcceptanceAddress() {
    return address;
  }

  @Override
  public IoService getService() {
    return service;
  }

  @Override
  public String toString() {
    return "CommandSession[" + id + ", " + address + "]";
  }
}
