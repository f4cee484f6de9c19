package colabfs.cache;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Own changes, and answers that were asked for, given and put at any time among them, against a
 * plain map: while no change is on its way, the cache tells the truth or nothing. Failures name
 * their seed.
 */
final class MetadataCacheModelTest {
  private static final int RUNS = 120;
  private static final int STEPS = 300;
  private static final String[] NAMES = {"a", "b", "ab"};
  private static final Duration TTL = Duration.ofSeconds(100);

  private Random random = new Random();
  private final TreeMap<RemotePath, FileAttrs> server = new TreeMap<>();

  /** Requests that the server has not seen yet, and answers that the cache has not seen yet. */
  private final List<Runnable> requests = new ArrayList<>();

  private final List<Runnable> answers = new ArrayList<>();

  /** Changes that the server has made and the cache was not told of yet. */
  private final Deque<Runnable> untold = new ArrayDeque<>();

  private long nanos;
  private int told;
  private int known;
  private MetadataCache cache = new MetadataCache(1, TTL, () -> nanos, KeptNames.NONE);

  @Test
  void cache_withLateAnswersAmongOwnChanges_tellsTheTruthOrNothing() {
    check(100_000, 10_000);
  }

  @Test
  void cache_thatForgetsAndEvicts_tellsTheTruthOrNothing() {
    check(25, 5);
  }

  private void check(int maxEntries, int rememberedChanges) {
    long first = new Random().nextLong();
    for (long seed = first; seed < first + RUNS; seed++) {
      try {
        run(seed, maxEntries, rememberedChanges);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertThat(known).describedAs("answers that the cache had").isGreaterThan(RUNS * STEPS);
    assertThat(told).isGreaterThan(RUNS * 10);
  }

  private void run(long seed, int maxEntries, int rememberedChanges) {
    random = new Random(seed);
    cache = new MetadataCache(maxEntries, TTL, () -> nanos, KeptNames.NONE, rememberedChanges);
    server.clear();
    requests.clear();
    answers.clear();
    untold.clear();
    server.put(RemotePath.ROOT, MetadataCacheTest.directory());
    for (int i = 0; i < STEPS; i++) {
      step();
      if (untold.isEmpty()) {
        compare("seed " + seed + ", step " + i);
      }
    }
  }

  private void step() {
    nanos += random.nextInt(10) == 0 ? TTL.toNanos() / 3 : 0;
    switch (random.nextInt(16)) {
      case 0, 1, 2 -> ask(somePath());
      case 3, 4 -> askListing(somePath());
      case 5, 6, 7 -> take(requests).run();
      case 8, 9, 10 -> take(answers).run();
      case 11 -> invalidate(somePath());
      case 12, 13 -> {
        for (int tries = 0; untold.isEmpty() && tries < 5; tries++) {
          change(somePath(), somePath());
        }
      }
      default -> {
        Runnable tell = untold.poll();
        if (tell != null) {
          tell.run();
          told++;
        }
      }
    }
  }

  private Runnable take(List<Runnable> from) {
    return from.isEmpty() ? () -> {} : from.remove(random.nextInt(from.size()));
  }

  private RemotePath somePath() {
    RemotePath path = RemotePath.ROOT;
    for (int depth = random.nextInt(4); depth > 0; depth--) {
      path = path.child(NAMES[random.nextInt(NAMES.length)]);
    }
    return path;
  }

  private void ask(RemotePath path) {
    long stamp = cache.stamp();
    requests.add(
        () -> {
          FileAttrs attrs = server.get(path);
          answers.add(
              () -> {
                if (attrs == null) {
                  cache.putAbsent(path, stamp);
                } else {
                  cache.putAttrs(path, attrs, stamp);
                }
              });
        });
  }

  private void askListing(RemotePath path) {
    long stamp = cache.stamp();
    requests.add(
        () -> {
          Map<String, FileAttrs> children = children(path);
          if (children != null) {
            List<DirEntry> entries = new ArrayList<>();
            children.forEach((name, attrs) -> entries.add(new DirEntry(name, attrs)));
            answers.add(() -> cache.putListing(path, entries, stamp));
          }
        });
  }

  private void invalidate(RemotePath path) {
    switch (random.nextInt(6)) {
      case 0 -> cache.invalidateAll();
      case 1, 2 -> cache.invalidateTree(path);
      default -> cache.invalidate(path);
    }
  }

  private void change(RemotePath path, RemotePath other) {
    RemotePath parent = path.parent();
    FileAttrs old = server.get(path);
    if (parent == null || !isDirectory(parent)) {
      return;
    }
    if (old == null) {
      FileAttrs made =
          random.nextBoolean()
              ? MetadataCacheTest.directory()
              : MetadataCacheTest.file(random.nextInt());
      server.put(path, made);
      untold.add(() -> cache.created(path, made));
    } else if (random.nextInt(3) == 0) {
      FileAttrs changed = old.withPermissions(random.nextInt(0777));
      server.put(path, changed);
      untold.add(() -> cache.changed(path, changed));
    } else if (random.nextBoolean()) {
      rename(path, old, other);
    } else if (!hasChildren(path)) {
      server.remove(path);
      untold.add(() -> cache.removed(path));
    }
  }

  private void rename(RemotePath from, FileAttrs attrs, RemotePath to) {
    RemotePath parent = to.parent();
    FileAttrs target = server.get(to);
    if (parent == null
        || !isDirectory(parent)
        || to.startsWith(from)
        || hasChildren(to)
        || (target != null && target.isDirectory() != attrs.isDirectory())) {
      return;
    }
    Map<RemotePath, FileAttrs> moved = new HashMap<>();
    server.forEach(
        (path, value) -> {
          if (path.startsWith(from)) {
            moved.put(path, value);
          }
        });
    moved.forEach(
        (path, value) -> {
          server.remove(path);
          server.put(path.rebase(from, to), value);
        });
    untold.add(() -> cache.renamed(from, to));
  }

  private boolean isDirectory(RemotePath path) {
    FileAttrs attrs = server.get(path);
    return attrs != null && attrs.isDirectory();
  }

  private boolean hasChildren(RemotePath path) {
    Map<String, FileAttrs> children = children(path);
    return children != null && !children.isEmpty();
  }

  private @Nullable Map<String, FileAttrs> children(RemotePath directory) {
    if (!isDirectory(directory)) {
      return null;
    }
    Map<String, FileAttrs> children = new TreeMap<>();
    server.forEach(
        (path, attrs) -> {
          if (directory.equals(path.parent())) {
            children.put(path.name(), attrs);
          }
        });
    return children;
  }

  private void compare(String when) {
    compare(RemotePath.ROOT, 3, when);
  }

  private void compare(RemotePath path, int depth, String when) {
    FileAttrs truth = server.get(path);
    Lookup found = cache.lookup(path);
    if (!(found instanceof Lookup.Unknown)) {
      known++;
      assertThat(cache.last(path)).describedAs(when + ": last of " + path).isEqualTo(found);
      assertThat(found)
          .describedAs(when + ": " + path)
          .isEqualTo(truth == null ? Lookup.ABSENT : new Lookup.Known(truth));
    }
    List<DirEntry> listing = cache.listing(path);
    if (listing != null) {
      known++;
      Map<String, FileAttrs> listed = new TreeMap<>();
      listing.forEach(entry -> listed.put(entry.name(), entry.attrs()));
      assertThat(listed).describedAs(when + ": listing of " + path).isEqualTo(children(path));
      assertThat(cache.lastListing(path)).containsExactlyInAnyOrderElementsOf(listing);
      assertThat(new HashSet<>(listing)).hasSameSizeAs(listing);
    }
    for (int i = 0; depth > 0 && i < NAMES.length; i++) {
      compare(path.child(NAMES[i]), depth - 1, when);
    }
  }
}
