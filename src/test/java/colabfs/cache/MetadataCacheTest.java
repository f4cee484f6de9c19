package colabfs.cache;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class MetadataCacheTest {
  private static final Duration TTL = Duration.ofSeconds(10);

  private long nanos = Long.MAX_VALUE - 5_000_000_000L; // wraps within the tests, as nanoTime may
  private final MetadataCache cache =
      new MetadataCache(1_000_000, TTL, () -> nanos, KeptNames.NONE);

  @Test
  void lookup_ofNothing_isUnknown() {
    assertThat(cache.lookup(path("/a"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(RemotePath.ROOT)).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.listing(path("/a"))).isNull();
  }

  @Test
  void listing_answersItsEntriesAndTheAbsenceOfOthers() {
    cache.putListing(path("/d"), List.of(entry("a", 1), entry("b", 2)), cache.stamp());
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(1));
    assertThat(cache.lookup(path("/d/c"))).isEqualTo(Lookup.ABSENT);
    assertThat(names("/d")).containsExactly("a", "b");
    assertThat(cache.lookup(path("/d"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.listings()).isEqualTo(1);
    assertThat(cache.entries()).isEqualTo(2);
  }

  @Test
  void everything_afterItsTime_isUnknown() {
    cache.putListing(path("/d"), List.of(entry("a", 1)), cache.stamp());
    cache.putAttrs(path("/e/x"), file(3), cache.stamp());
    cache.putAbsent(path("/e/y"), cache.stamp());
    cache.putAttrs(RemotePath.ROOT, directory(), cache.stamp());
    nanos += TTL.toNanos() - 1;
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(1));
    assertThat(cache.lookup(path("/e/y"))).isEqualTo(Lookup.ABSENT);
    assertThat(cache.lookup(RemotePath.ROOT)).isEqualTo(new Lookup.Known(directory()));
    nanos++;
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(path("/d/other"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(path("/e/x"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(path("/e/y"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(RemotePath.ROOT)).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.listing(path("/d"))).isNull();
    assertThat(cache.listings()).isZero();
  }

  @Test
  void singleAnswer_afterTheListingsTime_livesOnByItself() {
    cache.putListing(path("/d"), List.of(entry("a", 1), entry("b", 1)), cache.stamp());
    nanos += TTL.toNanos() / 2;
    cache.putAttrs(path("/d/a"), file(2), cache.stamp());
    nanos += TTL.toNanos() / 2;
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(2));
    assertThat(cache.lookup(path("/d/b"))).isEqualTo(Lookup.UNKNOWN);
  }

  @Test
  void singleAnswers_correctTheListing() {
    cache.putListing(path("/d"), List.of(entry("a", 1), entry("b", 1)), cache.stamp());
    cache.putAttrs(path("/d/new"), file(5), cache.stamp());
    cache.putAbsent(path("/d/a"), cache.stamp());
    assertThat(names("/d")).containsExactly("b", "new");
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(Lookup.ABSENT);
  }

  @Test
  void ownChanges_editTheParentsListing() {
    cache.putListing(path("/d"), List.of(entry("a", 1), entry("b", 1)), cache.stamp());
    cache.created(path("/d/c"), file(3));
    cache.removed(path("/d/a"));
    cache.renamed(path("/d/b"), path("/d/z"));
    cache.changed(path("/d/c"), file(4));
    assertThat(names("/d")).containsExactly("c", "z");
    assertThat(cache.lookup(path("/d/c"))).isEqualTo(known(4));
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(Lookup.ABSENT);
    assertThat(cache.lookup(path("/d/b"))).isEqualTo(Lookup.ABSENT);
  }

  @Test
  void createdDirectory_isKnownToBeEmpty() {
    cache.created(path("/d"), directory());
    assertThat(cache.listing(path("/d"))).isEmpty();
    assertThat(cache.lookup(path("/d/x"))).isEqualTo(Lookup.ABSENT);
  }

  @Test
  void renamedDirectory_movesItsWholeTree_andReplacesTheTargets() {
    cache.putListing(RemotePath.ROOT, List.of(dir("a"), dir("b")), cache.stamp());
    cache.putListing(path("/a"), List.of(dir("s"), entry("f", 1)), cache.stamp());
    cache.putListing(path("/a/s"), List.of(entry("g", 2)), cache.stamp());
    cache.putListing(path("/b/old"), List.of(entry("h", 3)), cache.stamp());
    cache.putListing(path("/ab"), List.of(entry("not below a", 3)), cache.stamp());
    cache.renamed(path("/a"), path("/b"));
    assertThat(names("/")).containsExactly("b");
    assertThat(cache.lookup(path("/b/s/g"))).isEqualTo(known(2));
    assertThat(cache.lookup(path("/b/f"))).isEqualTo(known(1));
    assertThat(cache.lookup(path("/a"))).isEqualTo(Lookup.ABSENT);
    assertThat(cache.lookup(path("/a/f"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(path("/b/old/h"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(names("/ab")).containsExactly("not below a");
  }

  @Test
  void renamedDirectory_absenceAnsweredByItsOldPathMeanwhile_isForgotten() {
    cache.putListing(path("/a"), List.of(entry("f", 1), entry("g", 2)), cache.stamp());
    cache.putAbsent(path("/a/f"), cache.stamp());
    cache.putAbsent(path("/x/h"), cache.stamp());
    assertThat(cache.lookup(path("/a/f"))).isEqualTo(Lookup.ABSENT);
    cache.renamed(path("/a"), path("/b"));
    cache.renamed(path("/x"), path("/y"));
    assertThat(cache.lookup(path("/b/f"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(path("/b/g"))).isEqualTo(known(2));
    assertThat(cache.lookup(path("/y/h"))).isEqualTo(Lookup.UNKNOWN);
  }

  @Test
  void renamedOfUnknownAttributes_leavesAHoleThatAnAnswerFills() {
    cache.putListing(path("/d"), List.of(entry("a", 1)), cache.stamp());
    cache.renamed(path("/elsewhere/x"), path("/d/x"));
    assertThat(cache.lookup(path("/d/x"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(1));
    assertThat(cache.listing(path("/d"))).isNull();
    cache.putAttrs(path("/d/x"), file(7), cache.stamp());
    assertThat(names("/d")).containsExactly("a", "x");
  }

  @Test
  void renamed_ontoItself_changesNothing() {
    cache.putListing(path("/d"), List.of(entry("a", 1)), cache.stamp());
    cache.renamed(path("/d/a"), path("/d/a"));
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(1));
  }

  // Answers that come late.

  @Test
  void answer_askedForBeforeAnOwnChange_isIgnored() {
    long before = cache.stamp();
    cache.created(path("/d/a"), file(5));
    cache.removed(path("/d/b"));
    cache.putAbsent(path("/d/a"), before);
    cache.putAttrs(path("/d/b"), file(1), before);
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(5));
    assertThat(cache.lookup(path("/d/b"))).isEqualTo(Lookup.ABSENT);
  }

  @Test
  void answer_askedForAfterAnOwnChange_counts() {
    cache.created(path("/d/a"), file(5));
    cache.putAttrs(path("/d/a"), file(6), cache.stamp());
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(6));
  }

  @Test
  void listing_askedForBeforeOwnChanges_isCorrectedByThem() {
    long before = cache.stamp();
    cache.created(path("/d/new"), file(5));
    cache.removed(path("/d/gone"));
    cache.changed(path("/d/a"), file(9));
    cache.invalidate(path("/d/b"));
    cache.putListing(
        path("/d"), List.of(entry("gone", 1), entry("a", 1), entry("b", 1), entry("c", 1)), before);
    assertThat(cache.lookup(path("/d/new"))).isEqualTo(known(5));
    assertThat(cache.lookup(path("/d/gone"))).isEqualTo(Lookup.ABSENT);
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(9));
    assertThat(cache.lookup(path("/d/b"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(path("/d/c"))).isEqualTo(known(1));
    cache.putAttrs(path("/d/b"), file(2), cache.stamp());
    assertThat(names("/d")).containsExactly("a", "b", "c", "new");
  }

  @Test
  void listing_ofADirectoryRenamedSince_isIgnored() {
    long before = cache.stamp();
    cache.renamed(path("/a"), path("/b"));
    cache.putListing(path("/a/s"), List.of(entry("x", 1)), before);
    cache.putListing(path("/b"), List.of(entry("x", 1)), before);
    cache.putAttrs(path("/b/s/x"), file(1), before);
    assertThat(cache.lookup(path("/a/s/x"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.listing(path("/b"))).isNull();
    assertThat(cache.lookup(path("/b/s/x"))).isEqualTo(Lookup.UNKNOWN);
  }

  @Test
  void treeChange_followedByAnAttributeChange_stillMakesAnswersBelowStale() {
    long before = cache.stamp();
    cache.renamed(path("/a"), path("/b"));
    cache.changed(path("/b"), directory());
    cache.putAttrs(path("/b/x"), file(1), before);
    assertThat(cache.lookup(path("/b/x"))).isEqualTo(Lookup.UNKNOWN);
  }

  @Test
  void listing_olderThanASingleAnswer_doesNotReplaceIt() {
    long before = cache.stamp();
    cache.created(path("/elsewhere"), file(0));
    cache.putAttrs(path("/d/a"), file(8), cache.stamp());
    cache.putListing(path("/d"), List.of(entry("a", 1)), before);
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(known(8));
  }

  @Test
  void answer_olderThanWhatIsForgotten_isIgnoredForSafety() {
    MetadataCache small = new MetadataCache(1000, TTL, () -> nanos, KeptNames.NONE, 4);
    long before = small.stamp();
    for (int i = 0; i < 5; i++) {
      small.created(path("/d/" + i), file(i));
    }
    small.putAttrs(path("/other"), file(1), before);
    assertThat(small.lookup(path("/other"))).isEqualTo(Lookup.UNKNOWN);
    small.putAttrs(path("/other"), file(1), small.stamp());
    assertThat(small.lookup(path("/other"))).isEqualTo(known(1));
  }

  @Test
  void answers_onTheirWayDuringAnInvalidate_areIgnored() {
    cache.putListing(path("/d/e"), List.of(entry("a", 1)), cache.stamp());
    cache.putListing(path("/d"), List.of(dir("e")), cache.stamp());
    long before = cache.stamp();
    cache.invalidateTree(path("/d"));
    assertThat(cache.lookup(path("/d/e"))).isEqualTo(Lookup.UNKNOWN);
    cache.putAttrs(path("/d/e/a"), file(1), before);
    assertThat(cache.lookup(path("/d/e/a"))).isEqualTo(Lookup.UNKNOWN);
    cache.putAttrs(path("/x"), file(1), cache.stamp());
    long beforeAll = cache.stamp();
    cache.invalidateAll();
    cache.putAttrs(path("/x"), file(1), beforeAll);
    assertThat(cache.lookup(path("/x"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.listings()).isZero();
  }

  @Test
  void invalidate_ofADirectory_forgetsItsListingToo() {
    cache.putListing(path("/d"), List.of(entry("a", 1)), cache.stamp());
    cache.invalidate(path("/d"));
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(Lookup.UNKNOWN);
  }

  // What was known last.

  @Test
  void last_afterItsTime_isStillThere() {
    cache.putListing(path("/d"), List.of(entry("a", 1)), cache.stamp());
    cache.putAttrs(path("/e/x"), file(3), cache.stamp());
    cache.putAbsent(path("/e/y"), cache.stamp());
    cache.putAttrs(RemotePath.ROOT, directory(), cache.stamp());
    nanos += 100 * TTL.toNanos();
    assertThat(cache.last(path("/d/a"))).isEqualTo(known(1));
    assertThat(cache.last(path("/d/other"))).isEqualTo(Lookup.ABSENT);
    assertThat(lastNames("/d")).containsExactly("a");
    assertThat(cache.last(path("/e/x"))).isEqualTo(known(3));
    assertThat(cache.last(path("/e/y"))).isEqualTo(Lookup.ABSENT);
    assertThat(cache.last(path("/e/z"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.last(RemotePath.ROOT)).isEqualTo(new Lookup.Known(directory()));
    assertThat(cache.lastListing(path("/e"))).isNull();
  }

  @Test
  void last_afterInvalidation_isStillThere() {
    cache.putListing(path("/d"), List.of(entry("a", 1), dir("e")), cache.stamp());
    cache.putListing(path("/d/e"), List.of(entry("b", 2)), cache.stamp());
    cache.created(path("/d/own"), file(5));
    cache.putAttrs(RemotePath.ROOT, directory(), cache.stamp());
    cache.invalidate(path("/d/a"));
    cache.invalidate(path("/d/none"));
    assertThat(cache.lookup(path("/d/a"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.last(path("/d/a"))).isEqualTo(known(1));
    assertThat(cache.last(path("/d/none"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.last(path("/d/never"))).isEqualTo(Lookup.ABSENT);
    cache.invalidateTree(path("/d"));
    assertThat(cache.last(path("/d/e/b"))).isEqualTo(known(2));
    cache.invalidateAll();
    assertThat(cache.lookup(path("/d/own"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(RemotePath.ROOT)).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.last(path("/d/own"))).isEqualTo(known(5));
    assertThat(cache.last(RemotePath.ROOT)).isEqualTo(new Lookup.Known(directory()));
    assertThat(lastNames("/d")).containsExactly("a", "e", "own");
    cache.putListing(path("/d"), List.of(entry("a", 7)), cache.stamp());
    assertThat(cache.last(path("/d/own"))).isEqualTo(Lookup.ABSENT);
    assertThat(names("/d")).containsExactly("a");
  }

  @Test
  void last_followsOwnChanges() {
    cache.putListing(path("/d"), List.of(entry("a", 1), entry("b", 2), dir("s")), cache.stamp());
    cache.putListing(path("/d/s"), List.of(entry("x", 4)), cache.stamp());
    nanos += 2 * TTL.toNanos();
    cache.created(path("/d/new"), file(9));
    cache.removed(path("/d/b"));
    cache.renamed(path("/d/a"), path("/d/c"));
    cache.renamed(path("/d/s"), path("/d/t"));
    nanos += 2 * TTL.toNanos();
    assertThat(lastNames("/d")).containsExactly("c", "new", "t");
    assertThat(cache.last(path("/d/c"))).isEqualTo(known(1));
    assertThat(cache.last(path("/d/a"))).isEqualTo(Lookup.ABSENT);
    assertThat(cache.last(path("/d/t/x"))).isEqualTo(known(4));
    assertThat(cache.last(path("/d/s/x"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lookup(path("/d/c"))).isEqualTo(Lookup.UNKNOWN);
  }

  @Test
  void forget_ofAName_leavesNothingOfIt() {
    cache.putListing(path("/d"), List.of(entry("a", 1), dir("e")), cache.stamp());
    cache.putListing(path("/d/e"), List.of(entry("b", 2)), cache.stamp());
    long before = cache.stamp();
    cache.forget(path("/d/e"));
    cache.putAttrs(path("/d/e"), directory(), before);
    assertThat(cache.last(path("/d/e"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.last(path("/d/e/b"))).isEqualTo(Lookup.UNKNOWN);
    assertThat(cache.lastListing(path("/d/e"))).isNull();
    assertThat(lastNames("/d")).containsExactly("a");
  }

  @Test
  void expiredListing_withManyTemporaryNames_keepsItsOwn() {
    List<DirEntry> entries = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      entries.add(entry("f" + i, i));
    }
    cache.putListing(path("/d"), entries, cache.stamp());
    nanos += 2 * TTL.toNanos();
    for (int i = 0; i < 10_000; i++) {
      cache.created(path("/d/tmp" + i), file(0));
      cache.removed(path("/d/tmp" + i));
      nanos += TTL.toNanos() / 10;
    }
    assertThat(cache.entries()).isLessThan(600);
    assertThat(lastNames("/d")).hasSize(200);
    assertThat(cache.last(path("/d/tmp1"))).isEqualTo(Lookup.ABSENT);
  }

  // Bounds.

  @Test
  void entries_areBounded() {
    MetadataCache small = new MetadataCache(1000, TTL, () -> nanos, KeptNames.NONE);
    for (int i = 0; i < 100; i++) {
      List<DirEntry> entries = new ArrayList<>();
      for (int j = 0; j < 50; j++) {
        entries.add(entry("f" + j, j));
      }
      small.putListing(path("/d" + i), entries, small.stamp());
      small.created(path("/e" + i + "/x"), file(1));
    }
    assertThat(small.entries()).isPositive().isLessThanOrEqualTo(1000);
  }

  @Test
  void tombstones_ofTemporaryNames_doNotPileUp() {
    for (int i = 0; i < 10_000; i++) {
      cache.created(path("/d/tmp" + i), file(0));
      cache.removed(path("/d/tmp" + i));
      nanos += TTL.toNanos() / 10;
    }
    assertThat(cache.entries()).isLessThan(200);
  }

  @Test
  void hugeListing_isFine() {
    List<DirEntry> entries = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      entries.add(entry("img_" + i + ".jpg", i));
    }
    cache.putListing(path("/d"), entries, cache.stamp());
    for (int i = 0; i < 1000; i++) {
      cache.created(path("/d/new" + i), file(i));
    }
    assertThat(cache.lookup(path("/d/img_77777.jpg"))).isEqualTo(known(77_777));
    assertThat(cache.listing(path("/d"))).hasSize(101_000);
  }

  @Test
  void lookups_whileAFileIsRenamedOnAndOn_neverFindItNowhere() {
    int renames = 20_000;
    cache.putListing(path("/d"), List.of(entry("0", 1)), cache.stamp());
    AtomicInteger begun = new AtomicInteger(-1);
    CompletableFuture<Void> reader =
        CompletableFuture.runAsync(
            () -> {
              for (int at = 0; at < renames; ) {
                if (cache.lookup(path("/d/" + at)).equals(Lookup.ABSENT)) {
                  at++;
                  boolean gone = cache.lookup(path("/d/" + at)).equals(Lookup.ABSENT);
                  assertThat(gone && begun.get() < at).describedAs("gone from all names").isFalse();
                }
              }
            });
    for (int i = 0; i < renames; i++) {
      begun.set(i);
      cache.renamed(path("/d/" + i), path("/d/" + (i + 1)));
    }
    reader.join();
    assertThat(names("/d")).containsExactly(String.valueOf(renames));
  }

  private List<String> names(String directory) {
    return sorted(cache.listing(path(directory)));
  }

  private List<String> lastNames(String directory) {
    return sorted(cache.lastListing(path(directory)));
  }

  private static List<String> sorted(@Nullable List<DirEntry> entries) {
    assertThat(entries).isNotNull();
    return entries == null ? List.of() : entries.stream().map(DirEntry::name).sorted().toList();
  }

  private static Lookup known(long size) {
    return new Lookup.Known(file(size));
  }

  private static RemotePath path(String text) {
    return RemotePath.of(text);
  }

  private static DirEntry entry(String name, long size) {
    return new DirEntry(name, file(size));
  }

  private static DirEntry dir(String name) {
    return new DirEntry(name, directory());
  }

  static FileAttrs file(long size) {
    return new FileAttrs(FileType.REGULAR, 0644, 0, 0, size, 0, 0, 0, 0, 1);
  }

  static FileAttrs directory() {
    return new FileAttrs(FileType.DIRECTORY, 0755, 0, 0, 4096, 0, 0, 0, 0, 2);
  }
}
