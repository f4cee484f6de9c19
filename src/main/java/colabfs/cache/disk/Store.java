package colabfs.cache.disk;

import colabfs.cache.KeptNames;
import colabfs.cache.disk.Segments.Header;
import colabfs.cache.disk.Segments.Place;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.jspecify.annotations.Nullable;

/**
 * The files of a disk cache while they are open: blocks in {@link Segments}, and an index in one
 * file of H2's MVStore. Nothing is written to the index's file before {@link #commit}.
 *
 * <p>Threading: any thread reads, names and contents may be changed by any, blocks by one. Errors:
 * IOException and whatever MVStore throws for a file that is damaged or full; the store is to be
 * given up then.
 */
final class Store implements AutoCloseable {
  static final String INDEX_NAME = "index-1.mv";

  /** Small: what the index is asked for mostly lies together. */
  private static final int PAGE_CACHE_MEGABYTES = 4;

  /** An index that has grown by less is not worth a look. */
  private static final long TIDY_BYTES = 8 << 20;

  private static final int TIDY_MILLIS = 300;
  private static final int MAX_CLOSING_MILLIS = 100;
  private static final byte[] ROOT_KEY = Sealed.key("");

  private final Path file;
  private final MVStore store;
  private final Segments segments;
  private final MVMap<byte[], byte[]> contents;
  private final MVMap<byte[], byte[]> blocks;
  private final MVMap<byte[], byte[]> names;
  private final MVMap<byte[], byte[]> links;
  private final MVMap<byte[], byte[]> facts;
  private long tidyFromBytes = TIDY_BYTES;

  /**
   * One version of one path.
   *
   * @param id under which its blocks are
   * @param young its second was not over when it was read
   * @param epoch counts the runtimes
   */
  record Content(long id, long sizeBytes, long mtimeSeconds, boolean young, int epoch) {
    private static final int LENGTH = 3 * Long.BYTES + 1 + Integer.BYTES;

    boolean isOf(long size, long mtime) {
      return size == sizeBytes && mtime == mtimeSeconds;
    }

    Content withMtime(long newMtimeSeconds) {
      return new Content(id, sizeBytes, newMtimeSeconds, young, epoch);
    }

    private byte[] encoded() {
      return ByteBuffer.allocate(LENGTH)
          .putLong(id)
          .putLong(sizeBytes)
          .putLong(mtimeSeconds)
          .put((byte) (young ? 1 : 0))
          .putInt(epoch)
          .array();
    }

    private static Content decoded(ByteBuffer from) {
      return new Content(
          from.getLong(), from.getLong(), from.getLong(), from.get() != 0, from.getInt());
    }
  }

  /** Opens what is there, or begins anew. */
  Store(Path directory, long maxBytes) throws IOException {
    this.file = directory.resolve(INDEX_NAME);
    if (!Files.exists(file)) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    this.store =
        new MVStore.Builder()
            .fileName(file.toString())
            .autoCommitDisabled()
            .cacheSize(PAGE_CACHE_MEGABYTES)
            .open();
    boolean done = false;
    try {
      store.setRetentionTime(0); // after a power cut, all of it is thrown away
      contents = open("contents");
      blocks = open("blocks");
      names = open("names");
      links = open("links");
      facts = open("facts");
      segments = new Segments(directory, maxBytes);
      done = true;
    } finally {
      if (!done) {
        store.closeImmediately();
      }
    }
  }

  private MVMap<byte[], byte[]> open(String name) {
    return store.openMap(
        name, new MVMap.Builder<byte[], byte[]>().keyType(Bytes.TYPE).valueType(Bytes.TYPE));
  }

  // Contents.

  @Nullable Content content(RemotePath path) {
    byte[] key = key(path);
    ByteBuffer value = Sealed.open(key, contents.get(key));
    return value == null ? null : Content.decoded(value);
  }

  void putContent(RemotePath path, Content content) {
    byte[] key = key(path);
    contents.put(key, Sealed.seal(key, content.encoded()));
  }

  /** Whether anything was there. */
  boolean removeContents(RemotePath top, boolean tree) {
    return remove(contents, top, tree);
  }

  void moveContents(RemotePath from, RemotePath to) {
    move(contents, from, to);
  }

  // Blocks.

  @Nullable Place place(long content, long block) {
    byte[] value = blocks.get(blockKey(content, block));
    if (value == null || value.length != 3 * Integer.BYTES) {
      return null;
    }
    ByteBuffer place = ByteBuffer.wrap(value);
    return new Place(place.getInt(), place.getInt(), place.getInt());
  }

  /** The block as it was written, or null. */
  byte @Nullable [] read(long content, long block, Place place) throws IOException {
    return segments.read(content, block, place);
  }

  void write(long content, long block, byte[] bytes) throws IOException {
    Place place = segments.append(content, block, bytes);
    blocks.put(
        blockKey(content, block),
        ByteBuffer.allocate(3 * Integer.BYTES)
            .putInt(place.segment())
            .putInt(place.position())
            .putInt(place.lengthBytes())
            .array());
  }

  boolean isOld(Place place) {
    return segments.isOld(place);
  }

  /** Gives up the oldest blocks, a file of them; false when there are none. */
  boolean evictOldest() throws IOException {
    if (segments.isEmpty()) {
      return false;
    }
    for (Header gone : segments.deleteOldest()) {
      if (gone.place().equals(place(gone.content(), gone.block()))) {
        blocks.remove(blockKey(gone.content(), gone.block()));
      }
    }
    return true;
  }

  private static byte[] blockKey(long content, long block) {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(content).putLong(block).array();
  }

  // Names and links.

  KeptNames.@Nullable Entries directory(RemotePath path) {
    byte[] key = key(path);
    ByteBuffer value = Sealed.open(key, names.get(key));
    return value == null ? null : NameCodec.decode(value);
  }

  void putDirectory(RemotePath path, KeptNames.Entries entries) {
    byte[] key = key(path);
    names.put(key, Sealed.seal(key, NameCodec.encode(entries)));
  }

  @Nullable FileAttrs root() {
    ByteBuffer value = Sealed.open(ROOT_KEY, names.get(ROOT_KEY));
    return value == null ? null : NameCodec.attrs(value);
  }

  void putRoot(FileAttrs attrs) {
    names.put(ROOT_KEY, Sealed.seal(ROOT_KEY, NameCodec.encode(attrs)));
  }

  void removeDirectories(RemotePath top, boolean tree) {
    boolean unused = remove(names, top, tree);
  }

  void moveDirectories(RemotePath from, RemotePath to) {
    move(names, from, to);
  }

  @Nullable String link(RemotePath path, long sizeBytes, long mtimeNanos) {
    byte[] key = key(path);
    ByteBuffer value = Sealed.open(key, links.get(key));
    if (value == null || value.getLong() != sizeBytes || value.getLong() != mtimeNanos) {
      return null;
    }
    return Sealed.text(value);
  }

  void putLink(RemotePath path, String text, long sizeBytes, long mtimeNanos) {
    byte[] target = Sealed.key(text);
    ByteBuffer value = ByteBuffer.allocate(2 * Long.BYTES + Integer.BYTES + target.length);
    value.putLong(sizeBytes).putLong(mtimeNanos);
    Sealed.putText(value, target);
    byte[] key = key(path);
    links.put(key, Sealed.seal(key, value.array()));
  }

  // Facts.

  @Nullable String fact(String name) {
    byte[] key = Sealed.key(name);
    ByteBuffer value = Sealed.open(key, facts.get(key));
    return value == null ? null : Sealed.text(value);
  }

  void putFact(String name, String text) {
    byte[] key = Sealed.key(name);
    byte[] value = Sealed.key(text);
    ByteBuffer encoded = ByteBuffer.allocate(Integer.BYTES + value.length);
    Sealed.putText(encoded, value);
    facts.put(key, Sealed.seal(key, encoded.array()));
  }

  // Trees of paths: what is below /a is between "/a/" and "/a0", which follows it.

  private static byte[] key(RemotePath path) {
    return Sealed.key(path.toString());
  }

  private static List<byte[]> keys(MVMap<byte[], byte[]> map, RemotePath top, boolean tree) {
    List<byte[]> found = new ArrayList<>();
    byte[] own = key(top);
    if (map.containsKey(own)) {
      found.add(own);
    }
    if (tree) {
      String below = top.isRoot() ? "/" : top + "/";
      byte[] end = Sealed.key(below.substring(0, below.length() - 1) + (char) ('/' + 1));
      Iterator<byte[]> from = map.keyIterator(Sealed.key(below));
      while (from.hasNext()) {
        byte[] key = from.next();
        if (Bytes.TYPE.compare(key, end) >= 0) {
          break;
        }
        if (!top.isRoot() || key.length > 1) {
          found.add(key);
        }
      }
    }
    return found;
  }

  private static boolean remove(MVMap<byte[], byte[]> map, RemotePath top, boolean tree) {
    List<byte[]> gone = keys(map, top, tree);
    gone.forEach(map::remove);
    return !gone.isEmpty();
  }

  private static void move(MVMap<byte[], byte[]> map, RemotePath from, RemotePath to) {
    boolean unused = remove(map, to, true);
    UnaryOperator<byte[]> moved =
        key -> {
          RemotePath path = RemotePath.of(new String(key, java.nio.charset.StandardCharsets.UTF_8));
          return key(path.rebase(from, to));
        };
    for (byte[] key : keys(map, from, true)) {
      ByteBuffer value = Sealed.open(key, map.remove(key));
      if (value != null) {
        byte[] content = new byte[value.remaining()];
        value.get(content);
        byte[] newKey = moved.apply(key);
        map.put(newKey, Sealed.seal(newKey, content));
      }
    }
  }

  // The whole.

  boolean isDirty() {
    return store.hasUnsavedChanges();
  }

  /** What was changed until now is there when this process is killed. */
  void commit() {
    long unused = store.commit();
  }

  /** Gives back what the index does not need any more, when that may be much. */
  void tidy() throws IOException {
    if (indexBytes() > tidyFromBytes) {
      store.compactFile(TIDY_MILLIS);
      tidyFromBytes = 2 * indexBytes() + TIDY_BYTES;
    }
  }

  long indexBytes() throws IOException {
    return Files.size(file);
  }

  long contentBytes() {
    return segments.bytes();
  }

  /** Without writing anything. */
  void abandon() {
    store.closeImmediately();
    try {
      segments.close();
    } catch (IOException e) {
      return; // they are deleted anyway
    }
  }

  @Override
  public void close() throws IOException {
    store.close(MAX_CLOSING_MILLIS);
    segments.close();
  }
}
