package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a status means, by operation and by what a second look finds. */
final class SftpErrorsTest {
  private static final RemotePath PATH = RemotePath.of("/a");

  @ParameterizedTest
  @CsvSource({
    "LSTAT, 2, ENOENT",
    "LSTAT, 10, ENOENT",
    "READ, 2, EBADF",
    "WRITE, 2, EBADF",
    "OPEN, 3, EACCES",
    "SETATTR, 3, EPERM",
    "LINK, 3, EPERM",
    "MKDIR, 5, EINVAL",
    "STATVFS, 8, EOPNOTSUPP",
    "READ, 9, EBADF",
    "MKDIR, 11, EEXIST",
    "OPEN, 12, EROFS",
    "WRITE, 14, ENOSPC",
    "WRITE, 15, EDQUOT",
    "RMDIR, 18, ENOTEMPTY",
    "LIST, 19, ENOTDIR",
    "OPEN, 21, ELOOP",
    "UNLINK, 24, EISDIR",
    "READ, 4, EIO",
    "LSTAT, 0, EIO",
    "LSTAT, 1, EIO",
    "LSTAT, 7, EIO",
    "LSTAT, 999, EIO",
    "LSTAT, -1, EIO"
  })
  void status_withoutASecondLook_hasItsErrno(SftpOp op, int status, Errno expected) {
    assertThat(errno(op, status, null, null, null)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // operation, status, what has the name, what has the target's name, outcome
        "MKDIR, 4, DIRECTORY, -, EEXIST",
        "MKDIR, 4, -, -, EIO",
        "CREATE, 4, REGULAR, -, EEXIST",
        "SYMLINK, 4, SYMLINK, -, EEXIST",
        "LINK, 4, REGULAR, -, EEXIST",
        "OPEN, 4, DIRECTORY, -, EISDIR",
        "OPEN, 4, REGULAR, -, EIO",
        "UNLINK, 4, DIRECTORY, -, EISDIR",
        "UNLINK, 4, REGULAR, -, EIO",
        "RMDIR, 4, DIRECTORY, -, ENOTEMPTY",
        "RMDIR, 4, REGULAR, -, ENOTDIR",
        "RMDIR, 2, REGULAR, -, ENOTDIR",
        "RMDIR, 2, -, -, ENOENT",
        "RMDIR, 19, -, -, ENOENT",
        "RMDIR, 19, REGULAR, -, ENOTDIR",
        "LIST, 2, REGULAR, -, ENOTDIR",
        "LIST, 2, -, -, ENOENT",
        "READLINK, 4, REGULAR, -, EINVAL",
        "RENAME, 4, REGULAR, DIRECTORY, EISDIR",
        "RENAME, 4, DIRECTORY, REGULAR, ENOTDIR",
        "RENAME, 4, DIRECTORY, DIRECTORY, ENOTEMPTY",
        "RENAME, 4, -, DIRECTORY, ENOENT",
        "RENAME, 2, DIRECTORY, REGULAR, ENOTDIR",
        "RENAME, 2, REGULAR, -, ENOENT",
        "RENAME, 2, -, -, ENOENT",
        "SETATTR, 4, SYMLINK, -, EOPNOTSUPP",
        "SETATTR, 4, REGULAR, -, EIO"
      })
  void status_withASecondLook_hasItsErrno(
      SftpOp op, int status, @Nullable FileType at, @Nullable FileType target, Errno expected) {
    assertThat(SftpErrors.needsEvidence(op, new SftpStatus(status, ""))).isTrue();
    assertThat(errno(op, status, at, target, null)).isEqualTo(expected);
  }

  @Test
  void failure_onAFullOrReadOnlyFileSystem_saysSo() {
    assertThat(errno(SftpOp.WRITE, 4, null, null, space(0, false))).isEqualTo(Errno.ENOSPC);
    assertThat(errno(SftpOp.WRITE, 4, null, null, space(1000, false))).isEqualTo(Errno.EIO);
    assertThat(errno(SftpOp.WRITE, 4, null, null, space(0, true))).isEqualTo(Errno.EROFS);
    assertThat(errno(SftpOp.MKDIR, 4, null, null, space(0, false))).isEqualTo(Errno.ENOSPC);
    assertThat(errno(SftpOp.RMDIR, 4, FileType.DIRECTORY, null, space(0, true)))
        .isEqualTo(Errno.EROFS);
  }

  @Test
  void failure_acrossFileSystems_isExdev() {
    SftpErrors.Evidence crossing =
        new SftpErrors.Evidence(attrs(FileType.REGULAR), null, null, true);
    SftpStatus failure = new SftpStatus(SftpConstants.SSH_FX_FAILURE, "");
    assertThat(SftpErrors.of(SftpOp.RENAME, PATH, failure, crossing).errno())
        .isEqualTo(Errno.EXDEV);
  }

  @ParameterizedTest
  @CsvSource({"2", "3", "4", "5"})
  void anyStatus_ofANameTooLong_isEnametoolong(int status) {
    RemotePath name = RemotePath.of("/" + "n".repeat(256));
    FsException failure =
        SftpErrors.of(SftpOp.MKDIR, name, new SftpStatus(status, ""), SftpErrors.Evidence.NONE);
    assertThat(failure.errno()).isEqualTo(Errno.ENAMETOOLONG);
  }

  @Test
  void message_saysWhatWasDoneToWhat_andTheServersWords() {
    FsException failure =
        SftpErrors.of(
            SftpOp.LSTAT, PATH, new SftpStatus(2, "No such file"), SftpErrors.Evidence.NONE);
    assertThat(failure)
        .hasMessage("cannot look at /a: no such file or directory; the server says: No such file");
  }

  private static Errno errno(
      SftpOp op,
      int status,
      @Nullable FileType at,
      @Nullable FileType target,
      @Nullable SftpSpace space) {
    SftpErrors.Evidence evidence =
        new SftpErrors.Evidence(
            at == null ? null : attrs(at), target == null ? null : attrs(target), space, false);
    return SftpErrors.of(op, PATH, new SftpStatus(status, ""), evidence).errno();
  }

  private static FileAttrs attrs(FileType type) {
    return new FileAttrs(type, 0644, 0, 0, 0, 0, 0, 0, 0, 1);
  }

  private static SftpSpace space(long available, boolean readOnly) {
    return new SftpSpace(
        new FsStats(4096, 1000, available, available, 1000, 1000, 255), 1, readOnly);
  }
}
