package colabfs.fs;

import colabfs.cache.Lookup;
import colabfs.cache.MetadataCache;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Names as the runtime has them: from the cache, else asked for, each question once at a time. A
 * name that is not known makes its whole directory known, since its siblings are mostly asked for
 * next. Threading: any thread. Errors: those of {@link RemoteFs}.
 */
final class Lookups {
  /** How long a file's own attributes count as seen just now, so that open need not ask. */
  static final Duration FRESH = Duration.ofMillis(1500);

  /** A directory file of this size holds tens of thousands of names (ext4: about 60 B each). */
  private static final long LARGE_DIRECTORY_BYTES = 1 << 20;

  private static final int MAX_REMEMBERED = 20_000;

  private final RemoteFs remote;
  private final MetadataCache cache;
  private final Patience patience;
  private final LongSupplier nanoTime;
  private final boolean listSiblings;
  private final InFlight<RemotePath, FileAttrs> asking = new InFlight<>();
  private final InFlight<RemotePath, List<DirEntry>> listing = new InFlight<>();
  private final InFlight<RemotePath, String> reading = new InFlight<>();
  private final PathTable<LinkSeen> links = new PathTable<>(MAX_REMEMBERED);

  /** When a name was last asked for by itself, or changed here. */
  private final PathTable<Long> seen = new PathTable<>(MAX_REMEMBERED);

  private record LinkSeen(String text, long sizeBytes, long mtimeNanos) {
    boolean isOf(FileAttrs attrs) {
      return attrs.sizeBytes() == sizeBytes && attrs.mtimeNanos() == mtimeNanos;
    }
  }

  Lookups(Environment environment) {
    this.remote = environment.remote();
    this.cache = environment.metadata();
    this.patience = environment.patience();
    this.nanoTime = environment.nanoTime();
    this.listSiblings = environment.settings().prefetch();
  }

  /** Attributes of the name; waits for the network when they are not known. */
  FileAttrs attrs(RemotePath path) throws FsException {
    FileAttrs known = known(path);
    if (known != null) {
      return known;
    }
    CompletableFuture<FileAttrs> asked = ask(path);
    listSiblingsOf(path);
    FileAttrs answer;
    try {
      answer = patience.await(asked);
    } catch (FsException e) {
      FileAttrs madeMeanwhile = known(path);
      if (madeMeanwhile != null) {
        return madeMeanwhile;
      }
      throw e;
    }
    FileAttrs now = known(path);
    return now == null ? answer : now;
  }

  /** What is known of the name now, or null. ENOENT when it is known to be missing. */
  @Nullable FileAttrs known(RemotePath path) throws FsException {
    Lookup found = cache.lookup(path);
    if (found instanceof Lookup.Known known) {
      return known.attrs();
    }
    if (found instanceof Lookup.Absent
        && !path.equals(RuntimeTrees.SIDE)) { // on no runtime, so no listing has it
      throw new FsException(Errno.ENOENT, path + ": no such file or directory");
    }
    return null;
  }

  /** Asks for one name, whatever is known of it; the cache has the answer before the caller. */
  CompletableFuture<FileAttrs> ask(RemotePath path) {
    return asking.share(
        path,
        () -> {
          long stamp = cache.stamp();
          long sentNanos = nanoTime.getAsLong();
          return remote
              .lstat(path)
              .whenComplete(
                  (attrs, failure) -> {
                    if (failure == null) {
                      cache.putAttrs(path, attrs, stamp);
                      seen.put(path, sentNanos);
                    } else if (Patience.reason(failure).errno() == Errno.ENOENT) {
                      cache.putAbsent(path, stamp);
                    }
                  });
        });
  }

  /** Asks for a whole directory; the cache has the answer before the caller. */
  CompletableFuture<List<DirEntry>> askList(RemotePath directory) {
    return listing.share(
        directory,
        () -> {
          long stamp = cache.stamp();
          return remote
              .list(directory)
              .whenComplete(
                  (entries, failure) -> {
                    if (failure == null) {
                      cache.putListing(directory, entries, stamp);
                    }
                  });
        });
  }

  /** Entries of a directory that are known now, or null. */
  @Nullable List<DirEntry> knownListing(RemotePath directory) {
    return cache.listing(directory);
  }

  /** Entries of a directory; waits for the network when they are not known. */
  List<DirEntry> list(RemotePath directory) throws FsException {
    List<DirEntry> known = cache.listing(directory);
    if (known != null) {
      return known;
    }
    FileAttrs attrs = known(directory);
    if (attrs != null && !attrs.isDirectory()) {
      throw new FsException(Errno.ENOTDIR, directory + ": not a directory");
    }
    List<DirEntry> answer = patience.await(askList(directory));
    List<DirEntry> corrected = cache.listing(directory);
    return corrected == null ? answer : corrected;
  }

  /** The stored text of a link; waits for the network when it is not known. */
  String readlink(RemotePath link) throws FsException {
    FileAttrs attrs = attrs(link);
    if (!attrs.isSymlink()) {
      throw new FsException(Errno.EINVAL, link + ": not a symbolic link");
    }
    LinkSeen known = links.get(link);
    return known != null && known.isOf(attrs) ? known.text() : patience.await(askLink(link, attrs));
  }

  /** Asks for a link's text, unless it is known. */
  CompletableFuture<String> askLink(RemotePath link, FileAttrs attrs) {
    LinkSeen known = links.get(link);
    if (known != null && known.isOf(attrs)) {
      return CompletableFuture.completedFuture(known.text());
    }
    return reading.share(
        link,
        () ->
            remote
                .readlink(link)
                .thenApply(
                    text -> {
                      links.put(link, new LinkSeen(text, attrs.sizeBytes(), attrs.mtimeNanos()));
                      return text;
                    }));
  }

  /** Whether what is known of the name is the runtime's word of just now. */
  boolean isFresh(RemotePath path) {
    Long at = seen.get(path);
    return at != null && nanoTime.getAsLong() - at < FRESH.toNanos();
  }

  /** Own change: what is known of the name is so as of now. */
  void sawOwnChange(RemotePath path) {
    asking.forget(path);
    links.remove(path);
    seen.put(path, nanoTime.getAsLong());
  }

  /** Own change: the name is gone, or is something else now. */
  void forget(RemotePath path) {
    asking.forget(path);
    listing.forget(path);
    reading.forget(path);
    links.remove(path);
    seen.remove(path);
  }

  void forgetAll() {
    cache.invalidateAll();
    asking.forget();
    listing.forget();
    reading.forget();
    links.clear();
    seen.clear();
  }

  private void listSiblingsOf(RemotePath path) {
    RemotePath parent = path.parent();
    if (!listSiblings || parent == null || path.startsWith(RuntimeTrees.SIDE)) {
      return;
    }
    Lookup directory = cache.lookup(parent);
    boolean large =
        directory instanceof Lookup.Known known
            && known.attrs().sizeBytes() > LARGE_DIRECTORY_BYTES;
    if (!large) {
      var unused = askList(parent);
    }
  }
}
