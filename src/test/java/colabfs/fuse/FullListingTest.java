package colabfs.fuse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import colabfs.core.FileType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.junit.jupiter.api.Test;

/** The kernel's messages on one side, and a library that answers as libfuse does on the other. */
final class FullListingTest {
  private static final int SIZE = 4096;
  private static final long UNIQUE = 4711;
  private static final long DIRECTORY = 1;

  private final KernelMemory memory = new KernelMemory(System::nanoTime);
  private final Map<String, Long> nodes = new TreeMap<>();
  private final List<Long> givenBack = new ArrayList<>();
  private final FullListing listing = new FullListing(new Taken(), this::serve, this::exchange);
  private ByteBuffer taken = ByteBuffer.allocate(0);
  private int result;

  private record Entry(String name, long node, long offset) {}

  private final class Taken implements Exchange.Sink {
    @Override
    public int writev(long vectors, long count) {
      taken = ByteBuffer.allocate(1);
      return result;
    }

    @Override
    public int write(Pointer message, int bytes) {
      byte[] copy = new byte[bytes];
      message.get(0, copy, 0, bytes);
      taken = ByteBuffer.wrap(copy).order(ByteOrder.nativeOrder());
      return result;
    }
  }

  private Exchange exchange(Exchange.Sink sink) {
    memory.initialised(Wire.EXPIRE_ONLY_MINOR);
    memory.trust(true);
    return new Exchange(memory, new Device(-1), sink, path -> true, handle -> handle);
  }

  private static Pointer allocate(int bytes) {
    return Memory.allocateDirect(Runtime.getSystemRuntime(), bytes, true);
  }

  /** libfuse's part for one name; those that are not known are missing. */
  private void serve(Pointer request, int bytes) {
    assertThat(request.getInt(0)).isEqualTo(bytes);
    if (request.getInt(Wire.IN_OPCODE) == Wire.FORGET) {
      givenBack.add(request.getLong(Wire.IN_NODE));
      return;
    }
    assertThat(request.getInt(Wire.IN_OPCODE)).isEqualTo(Wire.LOOKUP);
    assertThat(request.getLong(Wire.IN_NODE)).isEqualTo(DIRECTORY);
    Long node = nodes.get(request.getString(Wire.IN_BODY, 1024, UTF_8));
    Pointer body = allocate(Wire.ENTRY_BYTES);
    if (node != null) {
      body.putLong(0, node);
      body.putInt(Wire.ENTRY_ATTR + Wire.MODE, FileType.REGULAR.modeBits() | 0644);
      body.putInt(Wire.ENTRY_ATTR + Wire.LINKS, 1);
    }
    answer(node == null ? -2 : 0, body, node == null ? 0 : Wire.ENTRY_BYTES);
  }

  private void answer(int error, Pointer body, int bytes) {
    Pointer header = allocate(Wire.OUT_BODY);
    header.putInt(0, Wire.OUT_BODY + bytes);
    header.putInt(Wire.OUT_ERROR, error);
    Pointer vectors = allocate(4 * Long.BYTES);
    vectors.putPointer(0, header);
    vectors.putPointer(2 * Long.BYTES, body);
    listing.answer(vectors.address(), bytes == 0 ? 1 : 2);
  }

  /**
   * What libfuse would send of a directory with these names, cut off where the kernel's room ends.
   */
  private static Pointer plain(int room, String... names) {
    Pointer body = allocate(1 << 16);
    int at = 0;
    for (String name : names) {
      byte[] bytes = name.replace("@", "").getBytes(UTF_8);
      int end = at + ((Wire.DIRENT_NAME + bytes.length + 7) & ~7);
      body.putLong(at + 8, end);
      body.putInt(at + Wire.DIRENT_NAME_BYTES, bytes.length);
      body.putInt(at + Wire.DIRENT_TYPE, name.endsWith("@") ? Wire.TYPE_LINK : 8);
      body.put(at + Wire.DIRENT_NAME, bytes, 0, bytes.length);
      at = end;
    }
    Pointer sent = allocate(Math.min(at, room));
    body.transferTo(0, sent, 0, sent.size());
    return sent;
  }

  /** A READDIRPLUS request; returns the room that libfuse is given. */
  private int begin() {
    Pointer request = allocate(Wire.IN_BODY + 40);
    request.putInt(Wire.IN_OPCODE, Wire.READDIRPLUS);
    request.putLong(Wire.IN_UNIQUE, UNIQUE);
    request.putLong(Wire.IN_NODE, DIRECTORY);
    request.putInt(Wire.IN_BODY + Wire.READ_SIZE, SIZE);
    assertThat(listing.begin(request.address())).isTrue();
    assertThat(request.getInt(Wire.IN_OPCODE)).isEqualTo(Wire.READDIR);
    return request.getInt(Wire.IN_BODY + Wire.READ_SIZE);
  }

  private List<Entry> list(String... names) {
    Pointer plain = plain(begin(), names);
    answer(0, plain, (int) plain.size());
    listing.served();
    List<Entry> entries = new ArrayList<>();
    assertThat(taken.getInt(0))
        .isEqualTo(taken.capacity())
        .isLessThanOrEqualTo(Wire.OUT_BODY + SIZE);
    assertThat(taken.getLong(Wire.OUT_UNIQUE)).isEqualTo(UNIQUE);
    for (int at = Wire.OUT_BODY; at < taken.capacity(); ) {
      int entry = at + Wire.ENTRY_BYTES;
      byte[] name = new byte[taken.getInt(entry + Wire.DIRENT_NAME_BYTES)];
      taken.get(entry + Wire.DIRENT_NAME, name);
      entries.add(new Entry(new String(name, UTF_8), taken.getLong(at), taken.getLong(entry + 8)));
      at = entry + ((Wire.DIRENT_NAME + name.length + 7) & ~7);
    }
    return entries;
  }

  @Test
  void names_comeWithWhatALookTells_butDotsLinksAndWhatIsMissing() {
    nodes.putAll(Map.of("a", 5L, "long name", 6L, "link", 7L, ".", 8L, "..", 9L, ".x", 10L));
    assertThat(list(".", "..", "a", "long name", "gone", "link@", ".x"))
        .extracting(Entry::name, Entry::node)
        .containsExactly(
            tuple(".", 0L),
            tuple("..", 0L),
            tuple("a", 5L),
            tuple("long name", 6L),
            tuple("gone", 0L),
            tuple("link", 0L),
            tuple(".x", 10L));
    assertThat(memory.size()).isEqualTo(3 + 1); // and that one is missing
    assertThat(String.valueOf(memory.path(6, null))).isEqualTo("/long name");
  }

  @Test
  void times_areThoseOfALook() {
    nodes.put("a", 5L);
    list("a");
    assertThat(taken.getLong(Wire.OUT_BODY + Wire.ENTRY_VALID))
        .isEqualTo(KernelMemory.LONG_SECONDS);
  }

  @Test
  void names_beyondTheRoom_areLeftToTheNextRequest() {
    String[] names = new String[500];
    for (int i = 0; i < names.length; i++) {
      names[i] = "name" + i;
      nodes.put(names[i], 100L + i);
    }
    List<Entry> entries = list(names);
    assertThat(entries).hasSizeBetween(15, 30);
    for (int i = 0; i < entries.size(); i++) {
      assertThat(entries.get(i).name()).isEqualTo("name" + i);
      assertThat(entries.get(i).node()).isEqualTo(100 + i);
    }
    assertThat(memory.size()).isEqualTo(entries.size());
  }

  @Test
  void longestName_fits() {
    String name = "n".repeat(1023);
    nodes.put(name, 5L);
    assertThat(list(name)).extracting(Entry::name).containsExactly(name);
  }

  @Test
  void end_isEmpty() {
    begin();
    answer(0, allocate(8), 0);
    listing.served();
    assertThat(taken.capacity()).isEqualTo(Wire.OUT_BODY);
  }

  @Test
  void failure_isPassedOn() {
    begin();
    answer(-5, allocate(8), 0);
    assertThat(taken.capacity()).isEqualTo(1);
    taken = ByteBuffer.allocate(0);
    listing.served();
    assertThat(taken.capacity()).isZero();
  }

  @Test
  void listing_thatTheKernelDoesNotTake_isTakenBack() {
    result = -2;
    nodes.putAll(Map.of("a", 5L, "b", 6L));
    list("a", "gone", "b");
    assertThat(givenBack).containsExactly(5L, 6L);
    assertThat(memory.path(5, null)).isNull();
    assertThat(memory.path(6, null)).isNull();
  }

  @Test
  void otherRequests_areNotForHere() {
    Pointer request = allocate(Wire.IN_BODY + 40);
    request.putInt(Wire.IN_OPCODE, Wire.GETATTR);
    assertThat(listing.begin(request.address())).isFalse();
    assertThat(listing.isAwaited()).isFalse();
    listing.served();
    assertThat(taken.capacity()).isZero();
  }
}
