package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random changes on a disorderly runtime against a plain array. Failures name their seed. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class WriteThroughModelTest {
  private static final RemotePath FILE = RemotePath.of("/f");
  private static final int FILE_BYTES = 200_000;
  private static final int RUNS = 80;
  private static final int STEPS = 150;

  private long seconds = 1_700_000_000;
  private FakeRemoteFs fake = new FakeRemoteFs();
  private Random random = new Random();
  private DisorderlyRemote remote = new DisorderlyRemote(fake, random);
  private Model model = new Model();

  /** What the program believes the file to be. */
  private static final class Model {
    byte[] bytes = new byte[FILE_BYTES * 2];
    int size;

    void write(int offset, byte[] content) {
      System.arraycopy(content, 0, bytes, offset, content.length);
      size = Math.max(size, offset + content.length);
    }

    void truncate(int newSize) {
      if (newSize < size) {
        Arrays.fill(bytes, newSize, size, (byte) 0);
      }
      size = newSize;
    }

    void become(byte[] content) {
      truncate(0);
      write(0, content);
    }

    byte[] content() {
      return Arrays.copyOf(bytes, size);
    }
  }

  @Test
  void changes_onADisorderlyRuntime_areWhatWasWritten() throws Exception {
    long first = new Random().nextLong();
    for (long seed = first; seed < first + RUNS; seed++) {
      try {
        run(seed);
      } catch (AssertionError | Exception e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private void run(long seed) throws Exception {
    random = new Random(seed);
    fake = new FakeRemoteFs(() -> Instant.ofEpochSecond(seconds));
    remote = new DisorderlyRemote(fake, random);
    model = new Model();
    WriteThrough file = open(Long.MAX_VALUE);
    for (int i = 0; i < STEPS; i++) {
      step(file);
      assertThat(seenBy(file))
          .describedAs("what a reader sees at step " + i)
          .isEqualTo(model.content());
    }
    fake.reconnect();
    remote.refuse(0);
    for (int tries = 0; !flush(file); tries++) {
      assertThat(tries).isLessThan(3);
    }
    assertThat(fake.content("/f")).isEqualTo(model.content());
    assertThat(file.unacknowledgedBytes()).isZero();
    file.close();
  }

  private void step(WriteThrough file) throws Exception {
    seconds += random.nextInt(2);
    switch (random.nextInt(20)) {
      case 0 -> truncate(file);
      case 1 -> remote.cut();
      case 2, 3, 4 -> fake.reconnect();
      case 5 -> {
        if (flush(file)) {
          assertThat(fake.content("/f")).isEqualTo(model.content());
        }
      }
      case 6 -> remote.refuse(random.nextInt(8) == 0 ? 1 : 0);
      case 7 -> {
        try {
          file.setattr(AttrChange.times(0, random.nextInt(1000) * 1_000_000_000L));
        } catch (FsException e) {
          assertKnown(e);
        }
      }
      case 8, 9, 10, 11, 12 -> {
        for (int n = random.nextInt(10); n > 0 && remote.step(); n--) {}
      }
      default -> write(file);
    }
  }

  private void write(WriteThrough file) {
    int offset =
        random.nextInt(4) == 0 ? random.nextInt(FILE_BYTES) : Math.min(model.size, FILE_BYTES);
    byte[] content = new byte[1 + random.nextInt(random.nextInt(5) == 0 ? 100_000 : 3_000)];
    random.nextBytes(content);
    try {
      file.write(offset, ByteBuffer.wrap(content));
      model.write(offset, content);
    } catch (FsException e) {
      assertKnown(e);
    }
  }

  private void truncate(WriteThrough file) {
    int size = random.nextInt(FILE_BYTES);
    try {
      file.truncate(size);
      model.truncate(size);
    } catch (FsException e) {
      assertKnown(e);
    }
  }

  /** True when it has gone through; a refusal makes the model what is on the server. */
  private boolean flush(WriteThrough file) {
    remote.prompt(true);
    while (remote.step()) {
      // what is in flight is settled, so that the flush meets prompt answers only
    }
    try {
      if (random.nextBoolean()) {
        file.flush();
      } else {
        file.fsync();
      }
      return true;
    } catch (FsException e) {
      assertKnown(e);
      if (e.errno() == Errno.ENOSPC) {
        model.become(fake.content("/f"));
      }
      return false;
    } finally {
      remote.prompt(false);
    }
  }

  private byte[] seenBy(WriteThrough file) {
    byte[] stored = fake.content("/f");
    byte[] seen = Arrays.copyOf(stored, FILE_BYTES * 2);
    file.overlay(0, ByteBuffer.wrap(seen));
    return Arrays.copyOf(seen, model.size);
  }

  private static void assertKnown(FsException e) {
    assertThat(e.errno()).describedAs(e.toString()).isIn(Errno.ENOTCONN, Errno.ENOSPC);
  }

  private WriteThrough open(long maxUnacknowledgedBytes) throws Exception {
    remote.prompt(true);
    RemoteFile handle = remote.open(FILE, EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644).get();
    remote.prompt(false);
    return new WriteThrough(remote, FILE, handle, maxUnacknowledgedBytes, Duration.ofSeconds(20));
  }

  @Test
  void twoWriters_withLittleRoom_andCutsAllTheTime_loseNothing() throws Exception {
    long seed = new Random().nextLong();
    random = new Random(seed);
    fake = new FakeRemoteFs();
    remote = new DisorderlyRemote(fake, random);
    WriteThrough file = open(100_000);
    AtomicBoolean ended = new AtomicBoolean();
    CompletableFuture<Void> server = CompletableFuture.runAsync(() -> serve(ended));
    CompletableFuture<byte[]> low = CompletableFuture.supplyAsync(() -> fill(file, 0, seed + 1));
    CompletableFuture<byte[]> high =
        CompletableFuture.supplyAsync(() -> fill(file, FILE_BYTES, seed + 2));
    byte[] lowBytes = low.get(50, TimeUnit.SECONDS);
    byte[] highBytes = high.get(50, TimeUnit.SECONDS);
    file.flush();
    ended.set(true);
    server.get(10, TimeUnit.SECONDS);
    byte[] content = fake.content("/f");
    assertThat(Arrays.copyOf(content, FILE_BYTES)).describedAs("seed " + seed).isEqualTo(lowBytes);
    assertThat(Arrays.copyOfRange(content, FILE_BYTES, 2 * FILE_BYTES)).isEqualTo(highBytes);
  }

  private void serve(AtomicBoolean ended) {
    for (int i = 1; !ended.get(); i++) {
      if (i % 200 == 0) {
        remote.cut();
        fake.reconnect();
      }
      if (!remote.step()) {
        Thread.onSpinWait();
      }
    }
  }

  private static byte[] fill(WriteThrough file, int from, long seed) {
    Random random = new Random(seed);
    byte[] all = new byte[FILE_BYTES];
    try {
      for (int i = 0; i < 400; i++) {
        int offset = random.nextInt(FILE_BYTES);
        byte[] content = new byte[Math.min(FILE_BYTES - offset, 1 + random.nextInt(5_000))];
        random.nextBytes(content);
        file.write(from + offset, ByteBuffer.wrap(content));
        System.arraycopy(content, 0, all, offset, content.length);
      }
      byte[] last = {all[FILE_BYTES - 1]};
      file.write(from + FILE_BYTES - 1L, ByteBuffer.wrap(last));
      return all;
    } catch (FsException e) {
      throw new IllegalStateException(e);
    }
  }
}
