package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.FakeTreeHelper;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random changes against a plain map of files, with the link cut and the process killed in between:
 * what was answered is there after every start, and in the end the runtime has just that. Failures
 * name their seed; {@code -Dcolabfs.seed=N} runs one alone, {@code -Dcolabfs.runs=N} runs more.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class WriteBackModelTest {
  private static final RemoteIdentity LOGIN = new RemoteIdentity(0, 0, Set.of(0));
  private static final int RUNS = Integer.getInteger("colabfs.runs", 60);
  private static final int STEPS = 120;
  private static final Duration LEAP = Duration.ofMillis(700);
  private static final List<FakeTreeHelper.Moment> MOMENTS =
      List.copyOf(EnumSet.allOf(FakeTreeHelper.Moment.class));
  private static final Duration ANSWER = Duration.ofMillis(1);
  private static final String TEMPORARY = ".colabfs-";

  @TempDir Path directory;

  private long seed;
  private Random random = new Random();
  private FakeRemoteFs fake = new FakeRemoteFs();
  private FakeTreeHelper helper = new FakeTreeHelper(fake);

  /** Whether there is a helper on the runtime, at times. */
  private boolean helped;

  private int starts;

  @SuppressWarnings("NullAway.Init") // every run starts with one
  private WriteBack writeBack;

  private final Map<String, Thing> model = new TreeMap<>();
  private final List<String> steps = new ArrayList<>();
  private boolean connected;

  /** Whether seconds pass between any two changes, so that their times tell them apart. */
  private boolean leaping;

  private final AtomicLong leaps = new AtomicLong();

  /** Since the last flush. */
  private boolean directoryMoved;

  /** What there is under a name: a directory, a link's text, or content. */
  private static final class Thing {
    final FileType type;
    byte[] content;
    int permissions;

    Thing(FileType type, byte[] content, int permissions) {
      this.type = type;
      this.content = content;
      this.permissions = permissions;
    }

    @Override
    public String toString() {
      return type
          + " "
          + Integer.toOctalString(permissions)
          + " "
          + HexFormat.of().formatHex(content);
    }
  }

  @Test
  @DisplayName("What was acknowledged is on the runtime in the end, once, through cuts and kills.")
  void randomChanges_withCutsAndKills_areAllThereInTheEnd() throws Exception {
    long only = Long.getLong("colabfs.seed", -1);
    long first = only >= 0 ? only : System.nanoTime() & 0xffff_ffffL;
    for (int run = 0; run < (only >= 0 ? 1 : RUNS); run++) {
      seed = first + run;
      try {
        runOnce();
      } catch (Throwable e) {
        throw new AssertionError(
            "seed %d%n%s%n%s%npending: %s%nconflicts: %s%nruntime: %s"
                .formatted(
                    seed,
                    String.join("\n", steps),
                    e.getMessage(),
                    writeBack.list(),
                    writeBack.conflicts(),
                    fake.entries("/")),
            e);
      }
    }
  }

  private void runOnce() throws Exception {
    random = new Random(seed);
    fake = new FakeRemoteFs();
    helper = new FakeTreeHelper(fake);
    helped = random.nextInt(3) > 0;
    model.clear();
    steps.clear();
    connected = true;
    directoryMoved = false;
    leaping = random.nextBoolean();
    boolean slow = random.nextBoolean();
    if (slow) {
      helper.holdRequests(); // so that it has much that it has not answered
    }
    AtomicBoolean over = new AtomicBoolean();
    FakeTreeHelper answering = helper;
    Thread answers =
        new Thread(
            () -> {
              while (!over.get()) {
                if (!answering.releaseOne()) {
                  LockSupport.parkNanos(ANSWER.toNanos());
                }
              }
            });
    answers.start();
    try {
      carryOutSteps();
    } finally {
      over.set(true);
      answers.join();
    }
  }

  private void carryOutSteps() throws Exception {
    start(null);
    for (int step = 0; step < STEPS; step++) {
      step();
    }
    connect(true);
    check(writeBack.files(), "here");
    writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(20), left -> {});
    assertThat(writeBack.conflicts()).isEmpty();
    assertThat(writeBack.figures().changes()).isZero();
    check(writeBack.files(), "here, afterwards");
    check(fake, "on the runtime");
    Awaitility.await().untilAsserted(() -> assertThat(temporaries()).isEmpty());
    writeBack.close();
  }

  private List<String> temporaries() {
    List<String> found = new ArrayList<>();
    for (String directory : Stream.concat(Stream.of("/"), model.keySet().stream()).toList()) {
      if (directory.equals("/") || isDirectory(directory)) {
        for (DirEntry entry : fake.entries(directory)) {
          if (entry.name().startsWith(TEMPORARY)) {
            found.add(directory + " " + entry.name());
          }
        }
      }
    }
    return found;
  }

  private void start(@Nullable Path old) throws IOException {
    Path journal = directory.resolve(seed + "-" + starts++);
    if (old != null) {
      copy(old, journal);
    }
    writeBack =
        WriteBack.openAtRest(
            fake,
            helped ? helper : RemoteTree.NONE,
            LOGIN,
            new WriteBack.Settings(
                journal,
                Duration.ofMillis(random.nextInt(3)),
                "here",
                WriteBack.Fsync.LOCAL,
                random.nextBoolean() ? 1 : Long.MAX_VALUE),
            leaping ? this::leap : InstantSource.system(),
            random.nextInt(20_000));
    assertThat(writeBack.report()).isNull();
    writeBack.use(new RuntimeNames());
    writeBack.begin();
  }

  private Instant leap() {
    return Instant.EPOCH.plus(LEAP.multipliedBy(leaps.incrementAndGet()));
  }

  /** The files as they are at one moment, though the journal may be made smaller meanwhile. */
  private static void copy(Path old, Path journal) throws IOException {
    Files.createDirectories(journal);
    List<Path> before;
    do {
      before = journals(old);
      for (Path copied : journals(journal)) {
        Files.delete(copied);
      }
      for (Path file : before) {
        try {
          Files.copy(file, journal.resolve(file.getFileName()));
        } catch (NoSuchFileException e) {
          break; // it has another name by now
        }
      }
    } while (!journals(old).equals(before));
  }

  private static List<Path> journals(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(each -> each.getFileName().toString().startsWith("journal"))
          .sorted()
          .toList();
    }
  }

  /** The process ends at once: what it would have done afterwards does not happen. */
  private void kill() throws IOException {
    helper.down(); // before the journal is copied: what is sent later it would not know of
    fake.disconnect();
    Path old = writeBack.directory();
    Path frozen = directory.resolve("frozen-" + starts);
    copy(old, frozen);
    writeBack.close();
    if (connected) {
      fake.reconnect();
      comeOrGo();
    }
    start(frozen);
  }

  private void connect(boolean up) {
    if (up && !connected) {
      fake.reconnect();
    } else if (!up && connected) {
      fake.disconnect();
    }
    connected = up;
    comeOrGo();
  }

  /** The helper comes, goes, or is about to go in the middle of something. */
  private void comeOrGo() {
    int kind = random.nextInt(8);
    if (kind < 4) {
      helper.up();
    } else if (kind == 4) {
      helper.down();
    } else {
      helper.up();
      helper.goDownAt(MOMENTS.get(kind - 5));
    }
  }

  private void step() throws Exception {
    if (directoryMoved && !connected) {
      steps.add("link true, as nobody here knows what is in a directory that moved");
      connect(true);
    }
    int kind = random.nextInt(100);
    if (kind < 3) {
      steps.add("kill");
      kill();
    } else if (kind < 8) {
      steps.add("link " + !connected);
      connect(!connected);
    } else if (kind < 9) {
      steps.add("helper");
      comeOrGo();
    } else if (kind < 12 && connected) {
      steps.add("flush");
      writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(20), left -> {});
      check(fake, "on the runtime");
      directoryMoved = false;
    } else if (kind < 15 && connected) {
      steps.add("check");
      check(writeBack.files(), "here");
    } else if (kind < 40) {
      write(path());
    } else if (kind < 50) {
      change(path());
    } else if (kind < 60) {
      mkdir(path());
    } else if (kind < 70) {
      remove(path());
    } else if (kind < 90) {
      rename(path(), path());
    } else if (kind < 95) {
      symlink(path());
    } else {
      chmod(path());
    }
  }

  private String path() {
    String name = "/" + "abc".charAt(random.nextInt(3));
    return random.nextInt(3) > 0 ? name : name + "/" + "xyz".charAt(random.nextInt(3));
  }

  private static RemotePath at(String path) {
    return RemotePath.of(path);
  }

  private boolean isDirectory(@Nullable String path) {
    Thing thing = path == null ? null : model.get(path);
    return path != null && (path.isEmpty() || (thing != null && thing.type == FileType.DIRECTORY));
  }

  private static String parent(String path) {
    return path.substring(0, path.lastIndexOf('/'));
  }

  private boolean isEmpty(String path) {
    return model.keySet().stream().noneMatch(other -> other.startsWith(path + "/"));
  }

  /** Whole, as a program that saves. */
  private void write(String path) throws Exception {
    Thing there = model.get(path);
    if (!isDirectory(parent(path)) || (there != null && there.type != FileType.REGULAR)) {
      return;
    }
    byte[] content = bytes();
    steps.add("write " + path + " " + content.length);
    Set<OpenFlag> flags =
        there == null
            ? EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE)
            : EnumSet.of(OpenFlag.WRITE, OpenFlag.TRUNCATE);
    RemoteFile file = done(writeBack.files().open(at(path), flags, 0644));
    for (int offset = 0; offset < content.length; offset += 7) {
      int length = Math.min(7, content.length - offset);
      done(file.write(offset, ByteBuffer.wrap(content, offset, length)));
    }
    if (random.nextBoolean()) {
      done(file.fsync());
    }
    done(file.close());
    model.put(path, new Thing(FileType.REGULAR, content, there == null ? 0644 : there.permissions));
  }

  /** In part: some bytes in the middle, or another length. */
  private void change(String path) throws Exception {
    Thing there = model.get(path);
    if (there == null || there.type != FileType.REGULAR) {
      return;
    }
    if (random.nextInt(3) == 0) {
      int size = random.nextInt(40);
      steps.add("cut " + path + " " + size);
      done(writeBack.files().setattr(at(path), AttrChange.size(size)));
      there.content = Arrays.copyOf(there.content, size);
      return;
    }
    int offset = random.nextInt(30);
    byte[] content = bytes();
    steps.add("change " + path + " " + offset + "+" + content.length);
    RemoteFile file =
        done(writeBack.files().open(at(path), EnumSet.of(OpenFlag.WRITE, OpenFlag.READ), 0));
    done(file.write(offset, ByteBuffer.wrap(content)));
    byte[] all =
        Arrays.copyOf(there.content, Math.max(there.content.length, offset + content.length));
    System.arraycopy(content, 0, all, offset, content.length);
    if (content.length > 0) {
      there.content = all;
    }
    if (connected) {
      ByteBuffer read = done(file.read(0, 1000));
      byte[] seen = new byte[read.remaining()];
      read.get(seen);
      assertThat(HexFormat.of().formatHex(seen)).isEqualTo(HexFormat.of().formatHex(there.content));
    }
    done(file.close());
  }

  private byte[] bytes() {
    byte[] bytes = new byte[random.nextInt(30)];
    random.nextBytes(bytes);
    return bytes;
  }

  private void mkdir(String path) throws Exception {
    if (!isDirectory(parent(path)) || model.containsKey(path)) {
      return;
    }
    steps.add("mkdir " + path);
    done(writeBack.files().mkdir(at(path), 0755));
    model.put(path, new Thing(FileType.DIRECTORY, new byte[0], 0755));
  }

  private void symlink(String path) throws Exception {
    if (!isDirectory(parent(path)) || model.containsKey(path)) {
      return;
    }
    steps.add("symlink " + path);
    byte[] text = ("t" + random.nextInt(9)).getBytes(StandardCharsets.UTF_8);
    done(writeBack.files().symlink(new String(text, StandardCharsets.UTF_8), at(path)));
    model.put(path, new Thing(FileType.SYMLINK, text, 0777));
  }

  private void remove(String path) throws Exception {
    Thing there = model.get(path);
    if (there == null) {
      return;
    }
    steps.add("remove " + path);
    if (there.type != FileType.DIRECTORY) {
      done(writeBack.files().unlink(at(path)));
      model.remove(path);
    } else if (isEmpty(path)) {
      done(writeBack.files().rmdir(at(path)));
      model.remove(path);
    } else {
      assertThat(errno(writeBack.files().rmdir(at(path)))).isEqualTo(Errno.ENOTEMPTY);
    }
  }

  private void rename(String from, String to) throws Exception {
    Thing moving = model.get(from);
    Thing over = model.get(to);
    if (moving == null
        || !isDirectory(parent(to))
        || from.equals(to)
        || to.startsWith(from + "/")) {
      return;
    }
    boolean directory = moving.type == FileType.DIRECTORY;
    if (over != null && directory != (over.type == FileType.DIRECTORY)) {
      return;
    }
    steps.add("rename " + from + " " + to);
    if (over != null && directory && !isEmpty(to)) {
      assertThat(errno(writeBack.files().rename(at(from), at(to)))).isEqualTo(Errno.ENOTEMPTY);
      return;
    }
    done(writeBack.files().rename(at(from), at(to)));
    directoryMoved |= directory;
    Map<String, Thing> moved = new TreeMap<>();
    for (String name : List.copyOf(model.keySet())) {
      if (name.equals(from) || name.startsWith(from + "/")) {
        Thing thing = model.remove(name);
        if (thing != null) {
          moved.put(to + name.substring(from.length()), thing);
        }
      }
    }
    model.putAll(moved);
  }

  private void chmod(String path) throws Exception {
    Thing there = model.get(path);
    if (there == null || there.type == FileType.SYMLINK) {
      return;
    }
    int permissions = 0700 + random.nextInt(070);
    steps.add("chmod " + path + " " + Integer.toOctalString(permissions));
    done(writeBack.files().setattr(at(path), AttrChange.permissions(permissions)));
    there.permissions = permissions;
  }

  private void check(RemoteFs files, String where) throws Exception {
    Map<String, String> expected = new TreeMap<>();
    model.forEach((path, thing) -> expected.put(path, thing.toString()));
    Map<String, String> found = new TreeMap<>();
    collect(files, "", found);
    assertThat(found).as(where).isEqualTo(expected);
  }

  private void collect(RemoteFs files, String directory, Map<String, String> found)
      throws Exception {
    RemotePath top = directory.isEmpty() ? RemotePath.ROOT : at(directory);
    for (DirEntry entry : done(files.list(top))) {
      String path = directory + "/" + entry.name();
      if (files == fake && entry.name().startsWith(TEMPORARY)) {
        continue; // of what was forgotten in mid-way; the end looks for them
      }
      FileAttrs attrs = done(files.lstat(at(path)));
      assertThat(attrs.type()).as(path).isEqualTo(entry.attrs().type());
      byte[] content = new byte[0];
      if (attrs.isSymlink()) {
        content = done(files.readlink(at(path))).getBytes(StandardCharsets.UTF_8);
      } else if (attrs.isRegular()) {
        RemoteFile file = done(files.open(at(path), EnumSet.of(OpenFlag.READ), 0));
        ByteBuffer read = done(file.read(0, 1000));
        content = new byte[read.remaining()];
        read.get(content);
        done(file.close());
        assertThat(attrs.sizeBytes()).as(path).isEqualTo(content.length);
      } else {
        collect(files, path, found);
      }
      int permissions = attrs.isSymlink() ? 0777 : attrs.permissions();
      found.put(path, new Thing(attrs.type(), content, permissions).toString());
    }
  }

  /** What a cache above would know while the link is down: what the runtime has. */
  private final class RuntimeNames implements KnownNames {
    @Override
    public @Nullable FileAttrs known(RemotePath path) throws FsException {
      if (connected) {
        return null;
      }
      if (!fake.exists(path.toString())) {
        throw new FsException(Errno.ENOENT, path + " is missing");
      }
      return fake.attrs(path.toString());
    }

    @Override
    public @Nullable FileAttrs last(RemotePath path) throws FsException {
      return known(path);
    }

    @Override
    public <T> CompletableFuture<T> whileUp(CompletableFuture<T> answer) {
      return answer;
    }

    @Override
    public @Nullable List<DirEntry> knownListing(RemotePath directory) {
      return connected || !fake.exists(directory.toString())
          ? null
          : fake.entries(directory.toString());
    }

    @Override
    public void changed(RemotePath path) {}
  }

  private static <T> T done(CompletableFuture<T> answer)
      throws InterruptedException, TimeoutException {
    try {
      return answer.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return fail(e.getCause());
    }
  }

  private static Errno errno(CompletableFuture<?> answer) throws Exception {
    try {
      answer.get(20, TimeUnit.SECONDS);
      return fail("should have failed");
    } catch (ExecutionException e) {
      return e.getCause() instanceof FsException known ? known.errno() : fail(e.getCause());
    }
  }
}
