package colabfs.fuse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.RemotePath;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KernelNamesTest {
  private final KernelNames names = new KernelNames(10_000, 100);

  private static byte[] name(String text) {
    return text.getBytes(UTF_8);
  }

  private int nodeAt(String path) {
    KernelName found = names.get(RemotePath.of(path));
    return found == null ? -1 : found.node;
  }

  @Test
  void told_isFoundByPathAndNumber_untilItIsGivenBack() {
    names.told(Wire.ROOT, name("dir"), 2);
    names.told(2, name("\u00fc"), 3);
    names.told(2, name("\u00fc"), 3);
    assertThat(nodeAt("/dir/\u00fc")).isEqualTo(3);
    assertThat(names.path(3)).isEqualTo("/dir/\u00fc");
    names.forget(3, 1);
    assertThat(nodeAt("/dir/\u00fc")).isEqualTo(3);
    names.forget(3, 1);
    assertThat(nodeAt("/dir/\u00fc")).isEqualTo(-1);
    assertThat(names.size()).isEqualTo(1);
    assertThat(names.path(Wire.ROOT)).isEmpty();
  }

  @Test
  void told_anotherNumber_replacesTheFirst() {
    names.told(Wire.ROOT, name("a"), 2);
    names.told(Wire.ROOT, name("a"), 3);
    assertThat(nodeAt("/a")).isEqualTo(3);
    names.forget(2, 1);
    assertThat(nodeAt("/a")).isEqualTo(3);
  }

  @Test
  void told_ofWhatWasMissing_isThere_andTheOtherWayRound() {
    names.toldMissing(Wire.ROOT, name("a"));
    assertThat(nodeAt("/a")).isEqualTo(KernelName.MISSING);
    assertThat(nodeAt("/a/b")).isEqualTo(-1);
    names.told(Wire.ROOT, name("a"), 2);
    assertThat(nodeAt("/a")).isEqualTo(2);
    names.toldMissing(Wire.ROOT, name("a"));
    assertThat(nodeAt("/a")).isEqualTo(KernelName.MISSING);
    assertThat(names.size()).isEqualTo(1);
  }

  @Test
  void missing_tooMany_theOldestGoes() {
    for (int i = 0; i <= 100; i++) {
      assertThat(names.evicted()).isNull();
      names.toldMissing(Wire.ROOT, name("no" + i));
    }
    KernelName evicted = Objects.requireNonNull(names.evicted());
    assertThat(evicted.name).isEqualTo(name("no0"));
    assertThat(nodeAt("/no0")).isEqualTo(-1);
    assertThat(names.size()).isEqualTo(100);
  }

  @Test
  void full_nothingMoreIsTaken() {
    KernelNames small = new KernelNames(2, 2);
    assertThat(small.told(Wire.ROOT, name("a"), 2)).isNotNull();
    assertThat(small.toldMissing(Wire.ROOT, name("b"))).isNotNull();
    assertThat(small.told(Wire.ROOT, name("c"), 3)).isNull();
    assertThat(small.toldMissing(Wire.ROOT, name("d"))).isNull();
    assertThat(small.told(Wire.ROOT, name("a"), 2)).isNotNull();
  }

  @Test
  void renamed_directory_takesWhatIsBelowAlong() {
    names.told(Wire.ROOT, name("a"), 2);
    names.told(2, name("file"), 3);
    names.told(Wire.ROOT, name("b"), 4);
    names.renamed(Wire.ROOT, name("a"), Wire.ROOT, name("b"));
    assertThat(nodeAt("/b/file")).isEqualTo(3);
    assertThat(nodeAt("/a")).isEqualTo(-1);
    assertThat(names.get(4)).isNull();
  }

  @Test
  void below_isTheDirectoryAndAllInIt() {
    names.told(Wire.ROOT, name("a"), 2);
    names.told(2, name("b"), 3);
    names.told(3, name("c"), 4);
    names.toldMissing(3, name("no"));
    names.told(Wire.ROOT, name("ab"), 5);
    KernelName directory = Objects.requireNonNull(names.get(2));
    assertThat(names.below(directory))
        .extracting(name -> new String(name.name, UTF_8))
        .containsExactlyInAnyOrder("a", "b", "c", "no");
    KernelName root = Objects.requireNonNull(names.get(Wire.ROOT));
    assertThat(names.below(root)).hasSize(6);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void randomUse_isAsAPlainMap(long seed) {
    Random random = new Random(seed);
    Map<String, Integer> expected = new HashMap<>();
    Map<Integer, String> placeOf = new HashMap<>();
    for (int step = 0; step < 50_000; step++) {
      String at = "n" + random.nextInt(3_000);
      Integer known = expected.get(at);
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          int node = known == null ? step + 2 : known;
          if (known == null) {
            names.told(Wire.ROOT, name(at), node);
            expected.put(at, node);
            placeOf.put(node, at);
          }
        }
        case 2 -> {
          if (known != null) {
            names.forget(known, 1);
            expected.remove(at);
          }
        }
        default -> {
          String to = "n" + random.nextInt(3_000);
          if (!to.equals(at)) { // the kernel itself does nothing then
            names.renamed(Wire.ROOT, name(at), Wire.ROOT, name(to));
            expected.remove(to);
            if (known != null) {
              expected.remove(at);
              expected.put(to, known);
            }
          }
        }
      }
    }
    assertThat(names.size()).isEqualTo(expected.size());
    expected.forEach((at, node) -> assertThat(nodeAt("/" + at)).isEqualTo(node));
    assertThat(names.all()).hasSize(expected.size() + 1);
    assertThat(List.copyOf(placeOf.keySet())).allSatisfy(this::isConsistent);
  }

  private void isConsistent(int node) {
    KernelName found = names.get(node);
    if (found != null) {
      assertThat(names.get(found.parent, found.name)).isSameAs(found);
    }
  }
}
