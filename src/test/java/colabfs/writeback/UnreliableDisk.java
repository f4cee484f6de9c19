package colabfs.writeback;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A local disk that fails when it is told to, and knows what a power cut would leave: names and
 * bytes that were not synced may be there, or not, or be zeroes or anything. It syncs nothing in
 * truth, which makes it fast.
 *
 * <p>Threading: one thread, but for {@code sync}.
 */
final class UnreliableDisk implements Disk {
  private static final int SECTOR_BYTES = 64;

  /** Asked before each step; may throw. */
  interface Step {
    void about(String operation) throws IOException;
  }

  private final LocalDisk real = new LocalDisk();
  private Map<Path, Content> names = new TreeMap<>();
  private Map<Path, Content> syncedNames = new TreeMap<>();
  private final List<Consumer<Map<Path, Content>>> unsyncedNames = new ArrayList<>();
  private Step step = operation -> {};
  private boolean dead;
  int steps;

  /** Bytes of a file: all, and those that a power cut leaves. */
  private static final class Content {
    byte[] bytes = new byte[0];
    byte[] synced = new byte[0];
  }

  void before(Step newStep) {
    step = newStep;
    dead = false;
    steps = 0;
  }

  /** Everything fails from that step on, as for a process that was killed there. */
  void dieAt(int last) {
    before(
        operation -> {
          if (steps > last) {
            dead = true;
          }
        });
  }

  boolean isDead() {
    return dead;
  }

  private void step(String operation) throws IOException {
    steps++;
    step.about(operation);
    if (dead) {
      throw new IOException("dead before " + operation);
    }
  }

  /** Leaves in the directory what a power cut could leave. */
  void cutPower(RandomGenerator random) throws IOException {
    for (Path name : names.keySet()) {
      Files.delete(name);
    }
    int kept = random.nextInt(unsyncedNames.size() + 1);
    unsyncedNames.subList(0, kept).forEach(change -> change.accept(syncedNames));
    unsyncedNames.clear();
    names = new TreeMap<>(syncedNames);
    for (Content content : names.values()) {
      content.bytes = left(content, random);
      content.synced = content.bytes;
    }
    for (Map.Entry<Path, Content> entry : names.entrySet()) {
      Files.write(entry.getKey(), entry.getValue().bytes);
    }
  }

  private static byte[] left(Content content, RandomGenerator random) {
    int safe = Math.min(content.synced.length, content.bytes.length);
    int longest = Math.max(content.synced.length, content.bytes.length);
    byte[] left = Arrays.copyOf(content.bytes, safe + random.nextInt(longest - safe + 1));
    boolean orderly = random.nextBoolean();
    for (int at = safe; !orderly && at < left.length; at += SECTOR_BYTES) {
      int end = Math.min(left.length, at + SECTOR_BYTES);
      int fate = random.nextInt(4);
      if (fate == 0) {
        Arrays.fill(left, at, end, (byte) 0);
      } else if (fate == 1) {
        byte[] garbage = new byte[end - at];
        random.nextBytes(garbage);
        System.arraycopy(garbage, 0, left, at, garbage.length);
      }
    }
    return left;
  }

  private void change(Consumer<Map<Path, Content>> change) {
    change.accept(names);
    unsyncedNames.add(change);
  }

  private Content contentOf(Path path) {
    Content content = names.get(path);
    if (content == null) {
      throw new IllegalStateException("unknown: " + path);
    }
    return content;
  }

  @Override
  public OpenFile create(Path path) throws IOException {
    step("create");
    OpenFile file = real.create(path);
    Content content = new Content();
    change(all -> all.put(path, content));
    return new File(file, content);
  }

  @Override
  public OpenFile open(Path path) throws IOException {
    step("open");
    Content known = names.get(path);
    if (known == null) { // made by the test itself
      known = new Content();
      known.bytes = Files.readAllBytes(path);
      known.synced = known.bytes;
      names.put(path, known);
      syncedNames.put(path, known);
    }
    return new File(real.open(path), known);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    step("rename");
    real.rename(from, to);
    Content content = contentOf(from);
    change(
        all -> {
          all.remove(from);
          all.put(to, content);
        });
  }

  @Override
  public void link(Path existing, Path further) throws IOException {
    step("link");
    real.link(existing, further);
    Content content = contentOf(existing);
    change(all -> all.put(further, content));
  }

  @Override
  public void delete(Path path) throws IOException {
    step("delete");
    real.delete(path);
    change(all -> all.remove(path));
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    step("syncDirectory");
    syncedNames = new TreeMap<>(names);
    unsyncedNames.clear();
  }

  private final class File implements OpenFile {
    private final OpenFile file;
    private final Content content;

    File(OpenFile file, Content content) {
      this.file = file;
      this.content = content;
    }

    @Override
    public void write(long position, byte[] bytes, int count) throws IOException {
      IOException failure = null;
      int written = count;
      boolean wasDead = dead;
      try {
        step("write");
      } catch (IOException e) {
        failure = e;
        written = wasDead ? 0 : count / 2;
      }
      file.write(position, bytes, written);
      int end = written == 0 ? 0 : (int) position + written;
      content.bytes = Arrays.copyOf(content.bytes, Math.max(end, content.bytes.length));
      System.arraycopy(bytes, 0, content.bytes, (int) position, written);
      rethrow(failure);
    }

    @Override
    public int read(long position, byte[] into, int offset, int count) throws IOException {
      return file.read(position, into, offset, count);
    }

    @Override
    public long sizeBytes() throws IOException {
      return file.sizeBytes();
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
      step("truncate");
      file.truncate(sizeBytes);
      content.bytes = Arrays.copyOf(content.bytes, (int) sizeBytes);
    }

    @Override
    public void sync() throws IOException {
      step("sync");
      content.synced = content.bytes.clone();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  private static void rethrow(@Nullable IOException failure) throws IOException {
    if (failure != null) {
      throw failure;
    }
  }
}
