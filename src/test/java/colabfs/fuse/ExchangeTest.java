package colabfs.fuse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.FileType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages as the kernel and libfuse make them, and what is written; a file is the device. */
final class ExchangeTest {
  private static final int O_WRONLY = 1;
  private static final int ENOENT = 2;
  private static final long UNIQUE = 0x1234_5678_9abcL;

  @TempDir Path base = Path.of("/nonexistent");

  private final KernelMemory memory = new KernelMemory(System::nanoTime);
  private Path written = base;
  private Device device = new Device(-1);

  @BeforeEach
  void device() throws IOException {
    written = Files.createFile(base.resolve("device"));
    Pointer path = NativeText.allocate(NativeText.bytesOf(written));
    device = new Device(Libraries.libC().open(path, O_WRONLY));
    memory.initialised(Wire.EXPIRE_ONLY_MINOR);
    memory.trust(true);
  }

  @AfterEach
  void close() {
    device.close();
  }

  private Exchange exchange() {
    return new Exchange(
        memory,
        device,
        device,
        path -> !path.toString().startsWith("/unwatched"),
        handle -> handle);
  }

  private static Pointer request(int opcode, long node, int skipped, String... names) {
    Pointer request = Memory.allocateDirect(Runtime.getSystemRuntime(), 4096, true);
    request.putInt(Wire.IN_OPCODE, opcode);
    request.putLong(Wire.IN_NODE, node);
    int at = Wire.IN_BODY + skipped;
    for (String name : names) {
      byte[] bytes = name.getBytes(UTF_8);
      request.put(at, bytes, 0, bytes.length);
      at += bytes.length + 1;
    }
    return request;
  }

  /** libfuse's answer: a header, and a body of that length. */
  private static Pointer vectors(int error, Pointer body, int bytes) {
    Runtime runtime = Runtime.getSystemRuntime();
    Pointer header = Memory.allocateDirect(runtime, Wire.OUT_BODY, true);
    header.putInt(0, Wire.OUT_BODY + bytes);
    header.putInt(Wire.OUT_ERROR, error);
    header.putLong(Wire.OUT_UNIQUE, UNIQUE);
    Pointer vectors = Memory.allocateDirect(runtime, 4 * Long.BYTES, true);
    vectors.putPointer(0, header);
    vectors.putLong(8, Wire.OUT_BODY);
    vectors.putPointer(16, body);
    vectors.putLong(24, bytes);
    return vectors;
  }

  private static int answer(Exchange exchange, Pointer vectors, int count) {
    return exchange.answer(vectors.address(), count);
  }

  private static Pointer entry(long node, FileType type, int links) {
    Pointer body = Memory.allocateDirect(Runtime.getSystemRuntime(), 256, true);
    body.putLong(0, node);
    body.putInt(Wire.ENTRY_VALID_NANOS, 100_000_000);
    body.putInt(Wire.ENTRY_ATTR_VALID_NANOS, 100_000_000);
    body.putInt(Wire.ENTRY_ATTR + Wire.MODE, type.modeBits() | 0644);
    body.putInt(Wire.ENTRY_ATTR + Wire.LINKS, links);
    return body;
  }

  private int lookUp(Exchange exchange, long parent, String name, Pointer body) {
    assertThat(exchange.begin(request(Wire.LOOKUP, parent, 0, name).address())).isTrue();
    int result = answer(exchange, vectors(0, body, Wire.ENTRY_BYTES), 2);
    exchange.end();
    return result;
  }

  private ByteBuffer written() throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(written)).order(ByteOrder.nativeOrder());
  }

  @Test
  void whatIsTold_isTheLastThingTold_fromItsBeginningToItsEnd() {
    Exchange exchange = exchange();
    assertThat(exchange.lastToldNanos()).isZero();
    exchange.begin(request(Wire.RELEASE, 2, 0).address());
    assertThat(exchange.lastToldNanos()).isZero();
    exchange.end();
    assertThat(exchange.lastToldNanos()).isZero();

    long before = System.nanoTime();
    exchange.begin(request(Wire.GETATTR, 2, 0).address());
    assertThat(exchange.lastToldNanos() - before).isNotNegative();
    long meanwhile = System.nanoTime();
    assertThat(exchange.lastToldNanos() - meanwhile).isNotNegative();
    exchange.end();
    long told = exchange.lastToldNanos();
    assertThat(told - meanwhile).isNotNegative();
    exchange.begin(request(Wire.RELEASE, 2, 0).address());
    exchange.end();
    assertThat(exchange.lastToldNanos()).isEqualTo(told);

    lookUp(exchange, Wire.ROOT, "unwatched", entry(2, FileType.REGULAR, 1));
    assertThat(exchange.lastToldNanos() - told).isPositive();
  }

  @Test
  void lookup_isForLong_inTheBodyThatLibfuseMade() throws IOException {
    assertThat(lookUp(exchange(), Wire.ROOT, "file", entry(2, FileType.REGULAR, 1))).isZero();
    ByteBuffer message = written();
    assertThat(message.capacity()).isEqualTo(Wire.OUT_BODY + Wire.ENTRY_BYTES);
    assertThat(message.getLong(Wire.OUT_BODY + Wire.ENTRY_VALID)).isEqualTo(3600);
    assertThat(message.getInt(Wire.OUT_BODY + Wire.ENTRY_VALID_NANOS)).isZero();
    assertThat(message.getLong(Wire.OUT_BODY + Wire.ENTRY_ATTR_VALID)).isEqualTo(3600);
    assertThat(message.getInt(Wire.OUT_BODY + Wire.ENTRY_ATTR_VALID_NANOS)).isZero();
    assertThat(memory.size()).isEqualTo(1);
  }

  @Test
  void lookup_ofWhatIsNotWatched_staysAsLibfuseMadeIt() throws IOException {
    Exchange exchange = exchange();
    lookUp(exchange, Wire.ROOT, "unwatched", entry(2, FileType.DIRECTORY, 1));
    ByteBuffer message = written();
    assertThat(message.getLong(Wire.OUT_BODY + Wire.ENTRY_VALID)).isZero();
    assertThat(message.getInt(Wire.OUT_BODY + Wire.ENTRY_VALID_NANOS)).isEqualTo(100_000_000);
  }

  @Test
  void lookup_ofWhatIsMissing_becomesAnAnswerThatCanBeRemembered() throws IOException {
    Exchange exchange = exchange();
    exchange.begin(request(Wire.LOOKUP, Wire.ROOT, 0, "no").address());
    Pointer nothing = Memory.allocateDirect(Runtime.getSystemRuntime(), 8, true);
    assertThat(answer(exchange, vectors(-ENOENT, nothing, 0), 1)).isZero();
    ByteBuffer message = written();
    assertThat(message.capacity()).isEqualTo(Wire.OUT_BODY + Wire.ENTRY_BYTES);
    assertThat(message.getInt(0)).isEqualTo(message.capacity());
    assertThat(message.getInt(Wire.OUT_ERROR)).isZero();
    assertThat(message.getLong(Wire.OUT_UNIQUE)).isEqualTo(UNIQUE);
    assertThat(message.getLong(Wire.OUT_BODY)).isZero(); // no node
    assertThat(message.getLong(Wire.OUT_BODY + Wire.ENTRY_VALID)).isEqualTo(3600);
  }

  @Test
  void open_theSameContentAgain_keepsPages() throws IOException {
    Exchange exchange = exchange();
    lookUp(exchange, Wire.ROOT, "file", entry(2, FileType.REGULAR, 1));
    for (int flags : new int[] {Wire.NO_FLUSH, Wire.NO_FLUSH | Wire.KEEP_CACHE}) {
      Pointer body = Memory.allocateDirect(Runtime.getSystemRuntime(), 16, true);
      body.putLong(0, 77); // the handle, and here the content too
      assertThat(exchange.begin(request(Wire.OPEN, 2, 0).address())).isTrue();
      answer(exchange, vectors(0, body, 16), 2);
      assertThat(body.getInt(Wire.OPEN_FLAGS)).isEqualTo(flags);
    }
  }

  @Test
  void forgets_oneAndMany_takeNamesOut() {
    Exchange exchange = exchange();
    for (int node = 2; node < 6; node++) {
      lookUp(exchange, Wire.ROOT, "file" + node, entry(node, FileType.REGULAR, 1));
    }
    Pointer one = request(Wire.FORGET, 2, 0);
    one.putLong(Wire.IN_BODY, 1);
    assertThat(exchange.begin(one.address())).isFalse();
    assertThat(memory.size()).isEqualTo(3);
    Pointer many = request(Wire.BATCH_FORGET, 0, 0);
    many.putInt(Wire.IN_BODY, 2);
    many.putLong(Wire.IN_BODY + 8, 3);
    many.putLong(Wire.IN_BODY + 16, 1);
    many.putLong(Wire.IN_BODY + 24, 4);
    many.putLong(Wire.IN_BODY + 32, 1);
    assertThat(exchange.begin(many.address())).isFalse();
    assertThat(memory.size()).isEqualTo(1);
  }

  @Test
  void renameAndUnlink_moveAndTakeOut_whenTheyWereDone() {
    Exchange exchange = exchange();
    Pointer nothing = Memory.allocateDirect(Runtime.getSystemRuntime(), 8, true);
    lookUp(exchange, Wire.ROOT, "dir", entry(2, FileType.DIRECTORY, 1));
    lookUp(exchange, Wire.ROOT, "file", entry(3, FileType.REGULAR, 1));
    Pointer rename = request(Wire.RENAME, Wire.ROOT, 8, "file", "new");
    rename.putLong(Wire.IN_BODY, 2);
    exchange.begin(rename.address());
    answer(exchange, vectors(-ENOENT, nothing, 0), 1);
    assertThat(String.valueOf(memory.path(3, null))).isEqualTo("/file");
    exchange.begin(rename.address());
    answer(exchange, vectors(0, nothing, 0), 1);
    assertThat(String.valueOf(memory.path(3, null))).isEqualTo("/dir/new");
    exchange.begin(request(Wire.UNLINK, 2, 0, "new").address());
    answer(exchange, vectors(0, nothing, 0), 1);
    assertThat(memory.path(3, null)).isNull();
  }

  @Test
  void answer_thatTheKernelDoesNotTake_wasNotTold() {
    device.close();
    device = new Device(-1);
    assertThat(lookUp(exchange(), Wire.ROOT, "file", entry(2, FileType.REGULAR, 1))).isNegative();
    assertThat(memory.size()).isZero();
  }
}
