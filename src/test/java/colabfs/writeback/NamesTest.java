package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.writeback.Names.Name;
import org.junit.jupiter.api.Test;

final class NamesTest {
  private static final FileAttrs LINK =
      new FileAttrs(FileType.SYMLINK, 0777, 0, 0, 1, 0, 0, 0, 0, 1);
  private static final FileAttrs DIRECTORY =
      new FileAttrs(FileType.DIRECTORY, 0755, 0, 0, 0, 0, 0, 0, 0, 1);

  private final Names names = new Names();

  private static Job rename(long number, String from) {
    return new Job(number, PendingChange.Kind.RENAME, RemotePath.of(from), new Job.Base.Ours(), 0);
  }

  @Test
  void nameBelowADirectoryThatMovedLater_isThereWhenTheDirectoryIs() {
    Job first = rename(1, "/a");
    Job later = rename(2, "/d");
    RemotePath link = RemotePath.of("/e/l");
    names.put(link, Name.remote(LINK, first, first));
    names.put(RemotePath.of("/e"), Name.remote(DIRECTORY, later, later));
    assertThat(names.arrivalAt(link)).isSameAs(later);
    assertThat(names.find(link))
        .isEqualTo(new Names.Found.There(Name.remote(LINK, first, first), LINK, later));
    later.state = Job.State.GONE;
    assertThat(names.arrivalAt(link)).isSameAs(first);
    first.state = Job.State.GONE;
    assertThat(names.arrivalAt(link)).isNull();
  }
}
