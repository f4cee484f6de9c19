package colabfs.remote;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.Errno;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The fake keeps the contract, and does what tests ask of it besides. */
final class FakeRemoteFsTest extends RemoteFsContract {
  private static final RemotePath A = RemotePath.of("/a");

  private final FakeRemoteFs fake = new FakeRemoteFs();

  @Override
  protected RemoteFs fs() {
    return fake;
  }

  /** What the fake holds is in memory. */
  @Override
  protected long sparseOffset() {
    return 5L << 20;
  }

  @Test
  void failNext_once_failsOneCallWithoutEffect() {
    fake.failNext(FakeRemoteFs.Op.MKDIR, Errno.EACCES);
    assertThat(errno(fake.mkdir(A, 0755))).isEqualTo(Errno.EACCES);
    assertThat(fake.exists("/a")).isFalse();
    get(fake.mkdir(A, 0755));
    assertThat(fake.calls(FakeRemoteFs.Op.MKDIR)).isEqualTo(2);
  }

  @Test
  void disconnect_thenAnyCall_isEnotconn_andOldHandlesStayDead() {
    fake.put("/a", "x");
    RemoteFile old = get(fake.open(A, EnumSet.of(OpenFlag.READ), 0));
    fake.disconnect();
    assertThat(errno(fake.lstat(A))).isEqualTo(Errno.ENOTCONN);
    assertThat(errno(old.read(0, 1))).isEqualTo(Errno.ENOTCONN);
    fake.reconnect();
    assertThat(get(fake.lstat(A)).sizeBytes()).isEqualTo(1);
    assertThat(errno(old.read(0, 1))).isEqualTo(Errno.ENOTCONN);
    assertThat(fake.openHandles()).isZero();
  }

  @Test
  void holdAnswers_untilReleased_hasTheEffectFirst() {
    fake.holdAnswers();
    CompletableFuture<Void> made = fake.mkdir(A, 0755);
    assertThat(made).isNotDone();
    assertThat(fake.exists("/a")).isTrue();
    fake.release();
    assertThat(made).isCompleted();
  }

  @Test
  void holdRequests_cutOff_neverHasTheEffect() {
    fake.holdRequests();
    CompletableFuture<Void> made = fake.mkdir(A, 0755);
    assertThat(fake.held()).isEqualTo(1);
    fake.disconnect();
    assertThat(errno(made)).isEqualTo(Errno.ENOTCONN);
    assertThat(fake.exists("/a")).isFalse();
  }

  @Test
  void capacity_reached_isEnospc() {
    fake.capacity(10);
    RemoteFile file = get(fake.open(A, EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644));
    get(file.write(0, ByteBuffer.allocate(10)));
    assertThat(errno(file.write(10, ByteBuffer.allocate(1)))).isEqualTo(Errno.ENOSPC);
  }
}
