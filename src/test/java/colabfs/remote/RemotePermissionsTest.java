package colabfs.remote;

import static colabfs.remote.RemotePermissions.EXECUTE;
import static colabfs.remote.RemotePermissions.READ;
import static colabfs.remote.RemotePermissions.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** As Linux decides; the numbers are made up. */
final class RemotePermissionsTest {
  private static final int ME = 1000;
  private static final int OTHER = 1001;
  private static final int MY_GROUP = 100;
  private static final int MY_SECOND_GROUP = 200;
  private static final int OTHER_GROUP = 300;

  private final RemotePermissions mine =
      new RemotePermissions(new RemoteIdentity(ME, MY_GROUP, Set.of(MY_GROUP, MY_SECOND_GROUP)));
  private final RemotePermissions root = new RemotePermissions(new RemoteIdentity(0, 0, Set.of(0)));

  @Test
  void allows_takesTheFirstClassThatFits_evenIfItAllowsLess() {
    assertThat(mine.allows(file(0077, ME, MY_GROUP), READ)).isFalse();
    assertThat(mine.allows(file(0707, OTHER, MY_GROUP), READ)).isFalse();
    assertThat(mine.allows(file(0707, OTHER, MY_SECOND_GROUP), READ)).isFalse();
    assertThat(mine.allows(file(0040, OTHER, MY_SECOND_GROUP), READ)).isTrue();
    assertThat(mine.allows(file(0770, OTHER, OTHER_GROUP), READ)).isFalse();
    assertThat(mine.allows(file(0004, OTHER, OTHER_GROUP), READ)).isTrue();
  }

  @Test
  void allows_ofSeveralRights_needsAll() {
    assertThat(mine.allows(file(0500, ME, MY_GROUP), READ | WRITE)).isFalse();
    assertThat(mine.allows(file(0700, ME, MY_GROUP), READ | WRITE | EXECUTE)).isTrue();
    assertThat(mine.allows(file(0, ME, MY_GROUP), 0)).isTrue();
  }

  @Test
  void allows_root_everythingButToExecuteWhatNobodyMay() {
    assertThat(root.allows(file(0, OTHER, OTHER_GROUP), READ | WRITE)).isTrue();
    assertThat(root.allows(file(0666, OTHER, OTHER_GROUP), EXECUTE)).isFalse();
    assertThat(root.allows(file(0010, OTHER, OTHER_GROUP), EXECUTE)).isTrue();
    assertThat(root.allows(directory(0, OTHER), EXECUTE)).isTrue();
  }

  @Test
  void mayChangeEntries_needsWriteAndExecute_onADirectory() {
    assertThat(mine.mayChangeEntries(directory(0300, ME))).isTrue();
    assertThat(mine.mayChangeEntries(directory(0600, ME))).isFalse();
    assertThat(mine.mayChangeEntries(directory(0500, ME))).isFalse();
    assertThat(mine.mayChangeEntries(directory(0755, OTHER))).isFalse();
    assertThat(mine.mayChangeEntries(directory(0777, OTHER))).isTrue();
    assertThat(mine.mayChangeEntries(file(0777, ME, MY_GROUP))).isFalse();
    assertThat(root.mayChangeEntries(directory(0, OTHER))).isTrue();
    assertThat(root.mayChangeEntries(file(0777, OTHER, OTHER_GROUP))).isFalse();
  }

  @Test
  void mayRemove_isTheDirectorysAffair_notTheEntrys() {
    FileAttrs protectedEntry = file(0, OTHER, OTHER_GROUP);
    assertThat(mine.mayRemove(directory(0777, OTHER), protectedEntry)).isTrue();
    assertThat(mine.mayRemove(directory(0755, OTHER), file(0777, ME, MY_GROUP))).isFalse();
  }

  @Test
  void mayRemove_fromAStickyDirectory_onlyByAnOwner() {
    FileAttrs sticky = directory(01777, OTHER);
    assertThat(mine.mayRemove(sticky, file(0644, ME, MY_GROUP))).isTrue();
    assertThat(mine.mayRemove(sticky, file(0666, OTHER, MY_GROUP))).isFalse();
    assertThat(mine.mayRemove(directory(01777, ME), file(0644, OTHER, OTHER_GROUP))).isTrue();
    assertThat(mine.mayRemove(directory(01755, OTHER), file(0644, ME, MY_GROUP))).isFalse();
    assertThat(root.mayRemove(sticky, file(0644, OTHER, OTHER_GROUP))).isTrue();
  }

  @Test
  void mayChangeMode_ownerOrRoot() {
    assertThat(mine.mayChangeMode(file(0, ME, OTHER_GROUP))).isTrue();
    assertThat(mine.mayChangeMode(file(0777, OTHER, MY_GROUP))).isFalse();
    assertThat(root.mayChangeMode(file(0, OTHER, OTHER_GROUP))).isTrue();
  }

  private static FileAttrs file(int permissions, int uid, int gid) {
    return new FileAttrs(FileType.REGULAR, permissions, uid, gid, 0, 0, 0, 0, 0, 1);
  }

  private static FileAttrs directory(int permissions, int uid) {
    return new FileAttrs(FileType.DIRECTORY, permissions, uid, OTHER_GROUP, 0, 0, 0, 0, 0, 1);
  }
}
