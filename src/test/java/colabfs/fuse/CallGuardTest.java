package colabfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.fuse.CallGuard.Operation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class CallGuardTest {
  private final CallGuard guard = new CallGuard();

  @Test
  void call_thatWorks_givesItsResult() {
    assertThat(guard.call(Operation.READ, () -> 17)).isEqualTo(17);
  }

  @ParameterizedTest
  @EnumSource(Errno.class)
  void call_thatFails_givesTheNumber(Errno errno) {
    int result =
        guard.call(
            Operation.OPEN,
            () -> {
              throw new FsException(errno, "no");
            });
    assertThat(result).isEqualTo(-errno.number()); // these tests run on Linux
  }

  @Test
  void call_thatBreaks_givesEio_alsoWhenItsMessageBreaksTheLog() {
    int result =
        guard.call(
            Operation.WRITE,
            () -> {
              throw new StackOverflowError() {
                private static final long serialVersionUID = 1L;

                @Override
                public String getMessage() {
                  throw new IllegalStateException("cannot even be told");
                }
              };
            });
    assertThat(result).isEqualTo(-5);
  }

  @Test
  void summary_countsCallsAndFailures() {
    guard.call(Operation.READ, () -> 1);
    guard.call(
        Operation.READ,
        () -> {
          throw new FsException(Errno.ENOENT, "gone");
        });
    assertThat(guard.summary()).startsWith("READ 2 calls, 1 failed, ");
  }
}
