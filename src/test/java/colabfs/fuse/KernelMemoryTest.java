package colabfs.fuse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.RemotePath;
import colabfs.fuse.Notices.Kind;
import colabfs.fuse.Terms.Term;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class KernelMemoryTest {
  private static final Attrs FILE = new Attrs(false, false);
  private static final Attrs DIRECTORY = new Attrs(true, false);
  private static final Attrs LINKED = new Attrs(false, true);
  private static final Terms LONG = new Terms(Term.LONG, Term.LONG);

  private final AtomicLong nanos = new AtomicLong();
  private final KernelMemory memory = new KernelMemory(nanos::get);

  private record Call(boolean mayRemember, long newsBefore) implements Terms.Call {}

  KernelMemoryTest() {
    memory.initialised(Wire.EXPIRE_ONLY_MINOR);
    memory.trust(true);
  }

  private Call call() {
    return new Call(memory.isTrusted(), memory.lastNews());
  }

  private Terms told(int parent, String name, int node, Attrs attrs) {
    return memory.told(call(), parent, name.getBytes(UTF_8), node, attrs);
  }

  private Term missing(int parent, String name) {
    return memory.toldMissing(call(), parent, name.getBytes(UTF_8));
  }

  /** What the kernel is told: a node, with its pages, or a name in one. */
  private List<String> notices(Kind kind, String path) {
    return texts(memory.noticesOn(new Notices.News(kind, RemotePath.of(path))));
  }

  private static List<String> texts(List<Notices.Notice> notices) {
    return notices.stream()
        .map(
            notice -> {
              byte[] name = notice.name;
              String text = name == null ? "" : "/" + new String(name, UTF_8);
              return notice.node + text + (notice.pages ? " pages" : "");
            })
        .toList();
  }

  @Test
  void told_whileTrusted_isForLong() {
    assertThat(told(Wire.ROOT, "dir", 2, DIRECTORY)).isEqualTo(LONG);
    assertThat(told(2, "file", 3, FILE)).isEqualTo(LONG);
    assertThat(missing(2, "no")).isEqualTo(Term.LONG);
    assertThat(memory.toldAttrs(call(), 3, FILE)).isEqualTo(Term.LONG);
  }

  @Test
  void told_whileNotTrusted_isForAMoment() {
    memory.trust(false);
    assertThat(told(Wire.ROOT, "file", 3, FILE)).isEqualTo(Terms.SHORT);
    assertThat(missing(Wire.ROOT, "no")).isEqualTo(Term.SHORT);
    assertThat(memory.toldAttrs(call(), 3, FILE)).isEqualTo(Term.SHORT);
    assertThat(texts(memory.noticesOnAll())).isEmpty();
  }

  @Test
  void told_withNewsWhileItWasAsked_isForNoTime() {
    Call before = call();
    memory.attrsChanged(RemotePath.of("/whatever"));
    byte[] name = "file".getBytes(UTF_8);
    assertThat(memory.told(before, Wire.ROOT, name, 3, FILE)).isEqualTo(Terms.NONE);
    assertThat(memory.toldAttrs(before, 3, FILE)).isEqualTo(Term.NONE);
    assertThat(memory.toldMissing(before, Wire.ROOT, "no".getBytes(UTF_8))).isEqualTo(Term.NONE);
    before = call();
    memory.trust(false);
    assertThat(memory.toldAttrs(before, 3, FILE)).isEqualTo(Term.NONE);
  }

  @Test
  void told_ofAFileWithManyNames_itsAttributesAreForNoTime() {
    assertThat(told(Wire.ROOT, "file", 3, LINKED)).isEqualTo(new Terms(Term.LONG, Term.NONE));
    assertThat(memory.toldAttrs(call(), 3, LINKED)).isEqualTo(Term.NONE);
    assertThat(memory.opened(call(), 3, 7, false)).isFalse();
    assertThat(memory.opened(call(), 3, 7, false)).isFalse();
  }

  @Test
  void told_whileItIsWritten_itsAttributesAreForAMoment() {
    told(Wire.ROOT, "file", 3, FILE);
    memory.opened(call(), 3, 7, true);
    assertThat(memory.toldAttrs(call(), 3, FILE)).isEqualTo(Term.SHORT);
    memory.released(3, true);
    assertThat(memory.toldAttrs(call(), 3, FILE)).isEqualTo(Term.LONG);
  }

  @Test
  void told_toAKernelThatCannotLetEntriesExpire_directoriesAreForAMoment() {
    memory.initialised(Wire.EXPIRE_ONLY_MINOR - 1);
    assertThat(told(Wire.ROOT, "dir", 2, DIRECTORY)).isEqualTo(new Terms(Term.SHORT, Term.LONG));
    assertThat(told(2, "file", 3, FILE)).isEqualTo(LONG);
    assertThat(texts(memory.noticesOnAll())).containsExactlyInAnyOrder("2", "2/file", "3");
  }

  @Test
  void noticesOn_whatIsNotKnown_areNone() {
    assertThat(notices(Kind.ATTRS, "/no")).isEmpty();
    assertThat(notices(Kind.CONTENT, "/no/no")).isEmpty();
    assertThat(notices(Kind.TREE, "/no")).isEmpty();
    assertThat(notices(Kind.NAME, "/no")).containsExactly("1"); // the root's times
  }

  @Test
  void noticesOn_attributes_andContent() {
    told(Wire.ROOT, "file", 3, FILE);
    assertThat(notices(Kind.ATTRS, "/file")).containsExactly("3");
    assertThat(notices(Kind.CONTENT, "/file")).containsExactly("3");
    memory.opened(call(), 3, 7, false);
    assertThat(notices(Kind.CONTENT, "/file")).containsExactly("3 pages");
    memory.released(3, false);
    assertThat(notices(Kind.CONTENT, "/file")).containsExactly("3");
    assertThat(memory.opened(call(), 3, 7, false)).isFalse();
  }

  @Test
  void noticesOn_aName_areOnItsDirectoryToo_andOnAllBelow() {
    told(Wire.ROOT, "dir", 2, DIRECTORY);
    told(2, "file", 3, FILE);
    missing(2, "no");
    told(Wire.ROOT, "other", 4, FILE);
    assertThat(notices(Kind.NAME, "/dir/no")).containsExactlyInAnyOrder("2", "2/no");
    assertThat(notices(Kind.NAME, "/dir"))
        .containsExactlyInAnyOrder("1", "1/dir", "2", "2/file", "3");
    assertThat(texts(memory.noticesOnAll())).containsExactlyInAnyOrder("1/other", "4");
    assertThat(texts(memory.noticesOnAll())).isEmpty();
  }

  @Test
  void noticesOn_aTree_afterItWasRenamed() {
    told(Wire.ROOT, "dir", 2, DIRECTORY);
    told(2, "file", 3, FILE);
    memory.renamed(Wire.ROOT, "dir".getBytes(UTF_8), Wire.ROOT, "new".getBytes(UTF_8));
    assertThat(notices(Kind.TREE, "/dir")).isEmpty();
    assertThat(notices(Kind.TREE, "/new")).containsExactlyInAnyOrder("1/new", "2", "2/file", "3");
  }

  @Test
  void linked_theOtherNameIsNotRememberedEither() {
    told(Wire.ROOT, "file", 3, FILE);
    memory.linked(3);
    assertThat(memory.opened(call(), 3, 7, false)).isFalse();
    assertThat(memory.opened(call(), 3, 7, false)).isFalse();
  }

  @Test
  void again_whatWasToldAMomentBeforeTheNews() {
    told(Wire.ROOT, "file", 3, FILE);
    assertThat(memory.noticesOnAll()).anyMatch(notice -> notice.again);
    told(Wire.ROOT, "file", 3, FILE);
    nanos.addAndGet(1_000_000_000L);
    assertThat(memory.noticesOnAll()).hasSize(2).noneMatch(notice -> notice.again);
  }
}
