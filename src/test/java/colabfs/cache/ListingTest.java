package colabfs.cache;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ListingTest {

  @Test
  void everyName_isFound_withAllItsAttributes() {
    Random random = new Random(4);
    List<DirEntry> entries = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      FileType type = random.nextBoolean() ? FileType.REGULAR : FileType.SYMLINK;
      entries.add(
          new DirEntry(
              (i % 3 == 0 ? "ä€😀" : "name") + i,
              new FileAttrs(
                  type,
                  random.nextInt(FileAttrs.PERMISSION_MASK + 1),
                  random.nextInt(),
                  random.nextInt(),
                  random.nextLong(),
                  random.nextLong(),
                  random.nextLong(),
                  random.nextLong(),
                  random.nextLong(),
                  random.nextInt())));
    }
    Collections.shuffle(entries, random);

    Listing listing = new Listing(entries);

    assertThat(listing.size()).isEqualTo(500);
    for (DirEntry entry : entries) {
      assertThat(listing.get(entry.name())).isEqualTo(entry.attrs());
      assertThat(listing.name(listing.find(entry.name()))).isEqualTo(entry.name());
    }
  }

  @Test
  void otherNames_areNotFound() {
    FileAttrs attrs = new FileAttrs(FileType.REGULAR, 0644, 1, 1, 1, 1, 1, 1, 1, 1);
    Listing listing = new Listing(List.of(new DirEntry("b", attrs), new DirEntry("bb", attrs)));

    assertThat(List.of("", "a", "ba", "bbb", "c")).allMatch(name -> listing.get(name) == null);
    assertThat(Listing.EMPTY.get("a")).isNull();
  }
}
