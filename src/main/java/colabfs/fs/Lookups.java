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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Names as the runtime has them: from the cache, else asked for, each question once at a time. A
 * name that is not known makes its whole directory known, since its siblings are mostly asked for
 * next. While the link is down, what was known last is answered at once, however old; what is not
 * known waits for the link as long as a call may. Threading: any thread. Errors: those of {@link
 * RemoteFs}.
 */
final class Lookups {
  /** How long a file's own attributes count as seen just now, so that open need not ask. */
  static final Duration FRESH = Duration.ofMillis(1500);

  /** A directory file of this size holds tens of thousands of names (ext4: about 60 B each). */
  private static final long LARGE_DIRECTORY_BYTES = 1 << 20;

  private static final int MAX_REMEMBERED = 20_000;

  private final RemoteFs remote;
  private final MetadataCache cache;
  private final Local local;
  private final Patience patience;
  private final LinkWatch link;
  private final LongSupplier nanoTime;
  private final boolean listSiblings;
  private final InFlight<RemotePath, FileAttrs> asking = new InFlight<>();
  private final InFlight<RemotePath, List<DirEntry>> listing = new InFlight<>();
  private final InFlight<RemotePath, String> reading = new InFlight<>();
  private final PathTable<LinkSeen> links = new PathTable<>(MAX_REMEMBERED);

  /** When a name was last asked for by itself, or changed here. */
  private final PathTable<Long> seen = new PathTable<>(MAX_REMEMBERED);

  /** Names that were changed here. */
  private final PathTable<Boolean> own = new PathTable<>(MAX_REMEMBERED);

  /** How many changes of a name are being made here. */
  private final ConcurrentMap<RemotePath, Integer> changing = new ConcurrentHashMap<>();

  /** Where there is a helper on the runtime. */
  private volatile @Nullable Snapshots snapshots;

  /** When a directory was last listed. */
  private final PathTable<Long> listed = new PathTable<>(MAX_REMEMBERED);

  /** Goes up whenever all that is known is to be looked at again. */
  private final AtomicInteger round = new AtomicInteger();

  /** A link's text, in the version that it was the text of. */
  private record LinkSeen(String text, long sizeBytes, long mtimeNanos, int round) {
    boolean isOf(FileAttrs attrs) {
      return attrs.sizeBytes() == sizeBytes && attrs.mtimeNanos() == mtimeNanos;
    }
  }

  Lookups(Environment environment) {
    this.remote = environment.remote();
    this.cache = environment.metadata();
    this.local = environment.local();
    this.patience = environment.patience();
    this.link = environment.link();
    this.nanoTime = environment.nanoTime();
    this.listSiblings = environment.settings().prefetch();
  }

  /** From now on listings come from there where they can. */
  void use(Snapshots helped) {
    snapshots = helped;
  }

  /** Whether the listing of that directory comes with all that is below it. */
  boolean isHelped(RemotePath directory) {
    Snapshots helped = snapshots;
    return helped != null && helped.canTell(directory);
  }

  /** Attributes of the name; waits for the network when they are not known. */
  FileAttrs attrs(RemotePath path) throws FsException {
    FileAttrs known = atHand(path);
    if (known != null) {
      return known;
    }
    CompletableFuture<FileAttrs> asked = ask(path);
    listSiblingsOf(path);
    FileAttrs answer;
    try {
      boolean isAnythingKnown = !(cache.last(path) instanceof Lookup.Unknown);
      answer = patience.await(isAnythingKnown ? link.whileUp(asked) : asked);
    } catch (FsException e) {
      FileAttrs instead = e.isConnectionFailure() ? last(path) : known(path); // made meanwhile
      if (instead != null) {
        return instead;
      }
      throw e;
    }
    FileAttrs now = known(path);
    return now == null ? answer : now;
  }

  /**
   * What can be said of the name without waiting: what is known now or, while the link is down, was
   * known last; null when that is nothing. ENOENT when it is known to be missing.
   */
  @Nullable FileAttrs atHand(RemotePath path) throws FsException {
    FileAttrs known = known(path);
    return known == null && link.isDown() ? last(path) : known;
  }

  /** What is known of the name now, or null. ENOENT when it is known to be missing. */
  @Nullable FileAttrs known(RemotePath path) throws FsException {
    lookAgainAfterReconnect();
    return attrsIn(cache.lookup(path), path);
  }

  /** What the name was known to be last, however long ago; null when it was not, or was missing. */
  @Nullable FileAttrs lastKnown(RemotePath path) {
    try {
      return last(path);
    } catch (FsException missing) {
      return null;
    }
  }

  /** What was known of the name last, or null. ENOENT when it was known to be missing. */
  @Nullable FileAttrs last(RemotePath path) throws FsException {
    FileAttrs pending = local.pending().attrs(path);
    return pending == null ? attrsIn(cache.last(path), path) : pending;
  }

  private @Nullable List<DirEntry> lastListing(RemotePath directory) {
    List<DirEntry> last = cache.lastListing(directory);
    return last == null ? null : local.pending().over(directory, last);
  }

  private static @Nullable FileAttrs attrsIn(Lookup found, RemotePath path) throws FsException {
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
              .thenApply(attrs -> finer(path, attrs))
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

  /**
   * What is known of a name, when the runtime's word agrees with it as exactly as that tells: SFTP
   * tells whole seconds and no inode.
   */
  private FileAttrs finer(RemotePath path, FileAttrs attrs) {
    return cache.last(path) instanceof Lookup.Known known
            && known.attrs().inode() != 0
            && attrs.inode() == 0
            && known.attrs().type() == attrs.type()
            && known.attrs().mode() == attrs.mode()
            && known.attrs().uid() == attrs.uid()
            && known.attrs().gid() == attrs.gid()
            && known.attrs().sizeBytes() == attrs.sizeBytes()
            && TimeKeeper.agree(known.attrs().mtimeNanos(), attrs.mtimeNanos())
        ? known.attrs()
        : attrs;
  }

  /** Asks for a whole directory; the cache has the answer before the caller. */
  CompletableFuture<List<DirEntry>> askList(RemotePath directory) {
    return listing.share(
        directory,
        () -> {
          long sentNanos = nanoTime.getAsLong();
          Snapshots helped = snapshots;
          CompletableFuture<List<DirEntry>> asked =
              helped != null && helped.canTell(directory)
                  ? helped.list(directory).exceptionallyCompose(failure -> listPlain(directory))
                  : listPlain(directory);
          return asked.whenComplete(
              (entries, failure) -> {
                if (failure == null) {
                  listed.put(directory, sentNanos);
                }
              });
        });
  }

  private CompletableFuture<List<DirEntry>> listPlain(RemotePath directory) {
    long stamp = cache.stamp();
    return remote
        .list(directory)
        .whenComplete(
            (entries, failure) -> {
              if (failure == null) {
                cache.putListing(directory, entries, stamp);
              }
            });
  }

  /** Entries of a directory that are known now, or null. */
  @Nullable List<DirEntry> knownListing(RemotePath directory) {
    lookAgainAfterReconnect();
    return cache.listing(directory);
  }

  /** Entries of a directory; waits for the network when they are not known. */
  List<DirEntry> list(RemotePath directory) throws FsException {
    List<DirEntry> known = knownListing(directory);
    if (known != null) {
      return known;
    }
    FileAttrs attrs = atHand(directory);
    if (attrs != null && !attrs.isDirectory()) {
      throw new FsException(Errno.ENOTDIR, directory + ": not a directory");
    }
    List<DirEntry> last = link.isDown() ? lastListing(directory) : null;
    return last == null ? listNow(directory) : last;
  }

  /** What is known to be in a directory without asking, or null. */
  @Nullable List<DirEntry> listingAtHand(RemotePath directory) {
    List<DirEntry> known = knownListing(directory);
    return known == null && link.isDown() ? lastListing(directory) : known;
  }

  /** See {@link LinkWatch#whileUp}. */
  <T> CompletableFuture<T> whileUp(CompletableFuture<T> answer) {
    return link.whileUp(answer);
  }

  private List<DirEntry> listNow(RemotePath directory) throws FsException {
    boolean isAnythingKnown = cache.lastListing(directory) != null;
    try {
      CompletableFuture<List<DirEntry>> asked = askList(directory);
      List<DirEntry> answer = patience.await(isAnythingKnown ? link.whileUp(asked) : asked);
      List<DirEntry> corrected = cache.listing(directory);
      return corrected == null ? answer : corrected;
    } catch (FsException e) {
      List<DirEntry> last = e.isConnectionFailure() ? lastListing(directory) : null;
      if (last == null) {
        throw e;
      }
      return last;
    }
  }

  /** The stored text of a link; waits for the network when it is not known. */
  String readlink(RemotePath path) throws FsException {
    FileAttrs attrs = attrs(path);
    if (!attrs.isSymlink()) {
      throw new FsException(Errno.EINVAL, path + ": not a symbolic link");
    }
    LinkSeen kept = links.get(path);
    String last = kept != null && kept.isOf(attrs) ? kept.text() : null;
    if (last == null && link.isDown()) {
      last = local.links().text(path, attrs.sizeBytes(), attrs.mtimeNanos());
    }
    if (last != null && link.isDown()) {
      return last;
    }
    try {
      CompletableFuture<String> asked = askLink(path, attrs);
      return patience.await(last == null ? asked : link.whileUp(asked));
    } catch (FsException e) {
      if (last != null && e.isConnectionFailure()) {
        return last;
      }
      throw e;
    }
  }

  /** The text that a link in that version was last seen to have; null when it was not seen. */
  @Nullable String rememberedText(RemotePath path, FileAttrs attrs) {
    LinkSeen kept = links.get(path);
    return kept != null && kept.isOf(attrs) ? kept.text() : null;
  }

  /** Asks for a link's text, unless it is known. */
  CompletableFuture<String> askLink(RemotePath path, FileAttrs attrs) {
    LinkSeen known = links.get(path);
    if (known != null && known.round() == round.get() && known.isOf(attrs)) {
      return CompletableFuture.completedFuture(known.text());
    }
    int asked = round.get();
    return reading.share(
        path,
        () ->
            remote
                .readlink(path)
                .thenApply(
                    text -> {
                      keepText(path, text, attrs, asked);
                      return text;
                    }));
  }

  /** Own change: the name is a link of that text. */
  void madeLink(RemotePath path, String text, FileAttrs attrs) {
    keepText(path, text, attrs, round.get());
  }

  private void keepText(RemotePath path, String text, FileAttrs attrs, int asked) {
    links.put(path, new LinkSeen(text, attrs.sizeBytes(), attrs.mtimeNanos(), asked));
    local.links().keep(path, text, attrs.sizeBytes(), attrs.mtimeNanos());
  }

  /** Whether what is known of the name is the runtime's word of just now. */
  boolean isFresh(RemotePath path) {
    RemotePath parent = path.parent();
    return isFresh(seen.get(path))
        || (parent != null && (cache.isWatched(parent) || isFresh(listed.get(parent))));
  }

  private boolean isFresh(@Nullable Long at) {
    return at != null && nanoTime.getAsLong() - at < FRESH.toNanos();
  }

  /** Own change: what is known of the name is so as of now. */
  void sawOwnChange(RemotePath path) {
    asking.forget(path);
    links.remove(path);
    seen.put(path, nanoTime.getAsLong());
    own.put(path, true);
  }

  /** Own change: the name is about to be another, or to go; {@link #changeEnded} follows. */
  void changeBegins(RemotePath path) {
    own.put(path, true);
    changing.merge(path, 1, Integer::sum);
  }

  /** The own change is known here, or was not made. */
  void changeEnded(RemotePath path) {
    changing.computeIfPresent(path, (any, count) -> count > 1 ? count - 1 : null);
  }

  /** Whether the name is being changed here now. */
  boolean isChanging(RemotePath path) {
    return changing.containsKey(path);
  }

  /** Whether the name was changed here, as far as is remembered. */
  boolean isOwn(RemotePath path) {
    return own.get(path) != null;
  }

  /** Own change: the name is gone, or is something else now. */
  void forget(RemotePath path) {
    forgetAsked(path);
    links.remove(path);
  }

  /**
   * Own change: what was at {@code from}, with all below it when it is a tree, is at {@code to}.
   */
  void renamed(RemotePath from, RemotePath to, boolean tree) {
    forgetAsked(from);
    forgetAsked(to);
    own.put(from, true);
    own.put(to, true);
    if (tree) {
      links.renamedTree(from, to);
    } else {
      links.renamed(from, to);
    }
  }

  private void forgetAsked(RemotePath path) {
    asking.forget(path);
    listing.forget(path);
    reading.forget(path);
    seen.remove(path);
  }

  /**
   * All that is known is to be looked at again; while the link is down it is shown all the same.
   */
  void forgetAll() {
    cache.invalidateAll();
    forgetAnswers();
  }

  /** All of which nobody tells when it changes is to be looked at again. */
  void forgetUnwatched() {
    cache.invalidateUnwatched();
    forgetAnswers();
  }

  private void forgetAnswers() {
    asking.forget();
    listing.forget();
    reading.forget();
    seen.clear();
    listed.clear();
    round.incrementAndGet();
  }

  /** Another runtime answers: nothing that was known is true of it. */
  void forgetRuntime() {
    cache.forget(RemotePath.ROOT);
    links.clear();
    forgetAll();
  }

  /** Anybody may have changed anything while nobody could look. */
  private void lookAgainAfterReconnect() {
    if (link.cameBack()) {
      forgetAll();
    }
  }

  private void listSiblingsOf(RemotePath path) {
    RemotePath parent = path.parent();
    if (!listSiblings || parent == null || path.startsWith(RuntimeTrees.SIDE) || link.isDown()) {
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
