package colabfs.cache.disk;

import colabfs.cache.KeptContents;
import colabfs.cache.KeptLinks;
import colabfs.cache.KeptNames;
import colabfs.core.RemotePath;
import colabfs.remote.RuntimeId;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one mounted root, on the local disk, across mounts.
 *
 * <p>Threading: any thread. Durability: none is promised; what a killed process left is whole as
 * far as it is there, and after a power cut it is thrown away. Errors: none; what cannot be kept or
 * read is not here.
 */
public final class DiskCache implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(DiskCache.class.getName());
  private static final String EPOCH = "epoch";
  private static final String RUNTIME = "runtime";
  private static final String UNKNOWN = "-";

  private final Shelf shelf;
  private final DiskNames names;
  private final DiskContents contents;
  private final Links links = new Links();

  /**
   * Where, and how much.
   *
   * @param directory for the user alone; it exists
   * @param maxBytes on the disk
   * @param reserveBytes what is left free on the disk for others
   */
  public record Settings(Path directory, long maxBytes, long reserveBytes) {
    /** Enough for a checkout with its history and some data. */
    public static final long DEFAULT_MAX_BYTES = 4L << 30;

    /** Unsent changes need room, and so does everybody else. */
    public static final long DEFAULT_RESERVE_BYTES = 256L << 20;
  }

  private DiskCache(Settings settings, Claim claim, InstantSource clock) {
    this.shelf =
        new Shelf(settings.directory(), settings.maxBytes(), settings.reserveBytes(), claim);
    this.names = new DiskNames(shelf);
    this.contents = new DiskContents(shelf, clock);
    shelf.everyTick(() -> names.save(false));
  }

  /**
   * Opens a cache, without waiting for what is in it; null when another process has it, or the disk
   * refuses, which is in the log.
   */
  public static @Nullable DiskCache open(Settings settings, InstantSource clock) {
    try {
      Claim claim = Claim.take(settings.directory());
      if (claim == null) {
        LOG.log(
            Level.INFO,
            "{0} belongs to another mount of the same directory; this one has no disk cache",
            settings.directory());
        return null;
      }
      return new DiskCache(settings, claim, clock);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "no disk cache in {0}: {1}", settings.directory(), e.getMessage());
      return null;
    }
  }

  /** What was known of names last. */
  public KeptNames names() {
    return names;
  }

  /** Contents of files. */
  public KeptContents contents() {
    return contents;
  }

  /** Texts of links. */
  public KeptLinks links() {
    return links;
  }

  /**
   * That runtime is being served, from now on. When it is another than the last one, what is here
   * of contents is only for when nobody can be asked.
   */
  public void servedBy(RuntimeId runtime) {
    contents.enter(DiskContents.NO_EPOCH); // until it is known to be the same
    shelf.soon(
        store -> {
          String epochText = store.fact(EPOCH);
          int epoch = epochText == null ? 0 : Integer.parseInt(epochText);
          RuntimeId last = decoded(store.fact(RUNTIME));
          if (last != null && runtime.comparedTo(last) == RuntimeId.Match.NEW) {
            epoch++;
          }
          store.putFact(EPOCH, Integer.toString(epoch));
          store.putFact(RUNTIME, encoded(runtime));
          contents.enter(epoch);
        });
  }

  private static String encoded(RuntimeId id) {
    return String.join(
        "\n", List.of(orUnknown(id.machineId()), orUnknown(id.bootId()), orUnknown(id.hostKey())));
  }

  private static String orUnknown(@Nullable String text) {
    return text == null ? UNKNOWN : text;
  }

  private static @Nullable RuntimeId decoded(@Nullable String text) {
    String[] parts = text == null ? new String[0] : text.split("\n", -1);
    return parts.length == 3
        ? new RuntimeId(known(parts[0]), known(parts[1]), known(parts[2]))
        : null;
  }

  private static @Nullable String known(String text) {
    return text.equals(UNKNOWN) ? null : text;
  }

  /** Waits until all that was to be done later is done. */
  void await() {
    shelf.await();
  }

  /** Does now what is done from time to time, after all that was to be done later. */
  public void tickAndWait() {
    names.save(true);
    shelf.tickNow();
  }

  /** Bytes on the disk. */
  public long bytes() {
    return shelf.bytes();
  }

  /** Writes down what is known, and gives the directory back; waits for the disk, a little. */
  @Override
  public void close() {
    shelf.close(() -> names.save(true));
  }

  private final class Links implements KeptLinks {
    @Override
    public @Nullable String text(RemotePath link, long sizeBytes, long mtimeNanos) {
      return shelf.find(store -> store.link(link, sizeBytes, mtimeNanos));
    }

    @Override
    public void keep(RemotePath link, String text, long sizeBytes, long mtimeNanos) {
      shelf.later(text.length(), store -> store.putLink(link, text, sizeBytes, mtimeNanos));
    }
  }
}
