package colabfs.fuse;

import colabfs.core.RemotePath;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import jnr.ffi.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Brings news to the kernel, on a thread of its own: the kernel may hold a notice until calls in
 * the same directory are answered, and those may wait for anything.
 *
 * <p>Threading: any thread may add, and never waits. News that find the queue full become the
 * notice that everything has changed.
 */
final class Notices {
  /** A build on the runtime makes some thousand names a second; a notice takes microseconds. */
  private static final int QUEUE_LENGTH = 20_000;

  /** What happened. */
  enum Kind {
    ATTRS,
    CONTENT,
    NAME,
    TREE
  }

  /** What waits: to be made notices of, or one already. */
  sealed interface Item {}

  /** Something that others changed. */
  record News(Kind kind, RemotePath path) implements Item {}

  /** One message to the kernel: on a node, or on a name in a directory. */
  static final class Notice implements Item {
    /** The one itself, or the directory that the name is in. */
    final int node;

    final boolean pages;
    final byte @Nullable [] name;
    final boolean directory;
    final boolean again;

    private Notice(
        int node, boolean pages, byte @Nullable [] name, boolean directory, boolean again) {
      this.node = node;
      this.pages = pages;
      this.name = name;
      this.directory = directory;
      this.again = again;
    }

    /** A node's attributes are to be asked for again, and its content if that is so. */
    static Notice ofNode(int node, boolean pages) {
      return new Notice(node, pages, null, false, false);
    }

    /**
     * A name is to be asked for again.
     *
     * @param parent the node of the directory that it is in
     * @param directory whether it is a directory's
     * @param again it is to be told once more in a moment
     */
    static Notice ofEntry(int parent, byte[] name, boolean directory, boolean again) {
      return new Notice(parent, false, name, directory, again);
    }
  }

  /** Only wakes. */
  private record Wake() implements Item {}

  /** Entries to be told of once more, from then on. */
  private record Again(long atNanos, List<Notice> notices) {}

  /** How soon to try again what a call holds. */
  private static final long HELD_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final long ENTERED_NANOS =
      TimeUnit.MILLISECONDS.toNanos(KernelMemory.ENTERED_MILLIS);

  private final KernelMemory memory;
  private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(QUEUE_LENGTH);

  /** Who waits until everything is let go. */
  private final Queue<CompletableFuture<Void>> waiting = new ConcurrentLinkedQueue<>();

  private volatile boolean everything;

  /** From start to end; before and after, nobody remembers anything. */
  private volatile boolean running;

  // Only the thread uses these.

  private final Deque<Again> later = new ArrayDeque<>();
  private final List<CompletableFuture<Void>> served = new ArrayList<>();

  /** What the kernel would not take before a slow call is answered, and everybody after it. */
  private List<Notice> heldBack = new ArrayList<>();

  Notices(KernelMemory memory) {
    this.memory = memory;
  }

  /**
   * Begins to write to the device, which is closed at the end.
   *
   * @param isHeld whether a call on that node is under way that takes long
   */
  void start(Device device, IntPredicate isHeld) {
    running = true;
    Thread thread = new Thread(() -> run(device, isHeld), "fuse-notices");
    thread.setDaemon(true);
    thread.start();
  }

  void add(Item item) {
    if (running && !queue.offer(item)) {
      everything = true;
    }
  }

  /** The kernel is to ask again for everything; completes when it was told all of that. */
  CompletableFuture<Void> addAll() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    waiting.add(done);
    everything = true;
    add(new Wake());
    if (!running) {
      done.complete(null);
    }
    return done;
  }

  /** The mount is gone. */
  void end() {
    running = false;
    var unused = queue.offer(new Wake()); // a full queue wakes as well
  }

  private void run(Device device, IntPredicate isHeld) {
    Writer writer = new Writer(device, Device.scratch(), isHeld);
    try {
      while (running) {
        Item item = next();
        if (everything) {
          forgetAll(writer);
        } else if (item instanceof News news) {
          send(memory.noticesOn(news), writer);
        } else if (item instanceof Notice notice) {
          send(List.of(notice), writer);
        }
        sendDue(writer);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      device.close();
      served.forEach(done -> done.complete(null));
      waiting.forEach(done -> done.complete(null));
    }
  }

  /** Null when something that waits is due first. */
  private @Nullable Item next() throws InterruptedException {
    Again due = later.peek();
    if (due == null && heldBack.isEmpty()) {
      return queue.take();
    }
    long wait = due == null ? HELD_NANOS : due.atNanos - System.nanoTime();
    return queue.poll(heldBack.isEmpty() ? wait : Math.min(wait, HELD_NANOS), TimeUnit.NANOSECONDS);
  }

  private void forgetAll(Writer writer) {
    for (CompletableFuture<Void> done = waiting.poll(); done != null; done = waiting.poll()) {
      served.add(done);
    }
    everything = false; // before looking, so that what comes now is seen by this round or the next
    queue.clear();
    send(memory.noticesOnAll(), writer);
  }

  /** Those first that the kernel never holds. */
  private void send(List<Notice> notices, Writer writer) {
    for (Notice notice : notices) {
      if (notice.name == null) {
        writer.device.forgetNode(writer.scratch, notice.node, false);
      }
    }
    List<Notice> again = new ArrayList<>();
    for (Notice notice : notices) {
      if (notice.name != null || notice.pages) {
        write(notice, writer);
      }
      if (notice.again) {
        again.add(notice);
      }
    }
    if (!again.isEmpty()) {
      later.add(new Again(System.nanoTime() + ENTERED_NANOS, again));
    }
  }

  private void sendDue(Writer writer) {
    if (!heldBack.isEmpty()) {
      List<Notice> tried = heldBack;
      heldBack = new ArrayList<>();
      tried.forEach(notice -> write(notice, writer));
    }
    for (Again due = later.peek();
        due != null && due.atNanos - System.nanoTime() <= 0;
        due = later.peek()) {
      later.remove().notices.forEach(notice -> write(notice, writer));
    }
    if (heldBack.isEmpty()) {
      served.forEach(done -> done.complete(null));
      served.clear();
    }
  }

  /**
   * A directory's entry is never taken off the tree: who stands in it would lose their place. What
   * a slow call holds comes later, so that it does not hold the rest; when too much does, it waits.
   */
  private void write(Notice notice, Writer writer) {
    byte[] name = notice.name;
    if (heldBack.size() < QUEUE_LENGTH && writer.isHeld.test(notice.node)) {
      heldBack.add(notice);
    } else if (name == null) {
      writer.device.forgetNode(writer.scratch, notice.node, notice.pages);
    } else if (memory.canExpire() || !notice.directory) {
      writer.device.forgetEntry(writer.scratch, notice.node, name, memory.canExpire());
    }
  }

  /** What the thread writes with. */
  private record Writer(Device device, Pointer scratch, IntPredicate isHeld) {}
}
