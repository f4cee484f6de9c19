package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.control.ControlException;
import colabfs.control.ControlException.Reason;
import colabfs.control.Follower;
import colabfs.control.MountStatus;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.WarmReport;
import colabfs.writeback.PendingFigures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class WarmupTest {
  private static final WarmReport REPORT = new WarmReport(1, 2, 3, 4, 5, 6, 7);

  private final List<PendingFigures> told = new ArrayList<>();
  private boolean helperIsUp = true;
  private @Nullable String linkTrouble;
  private @Nullable FsException failure;
  private Runnable meanwhile = () -> {};
  private boolean hasLeft;

  private WarmReport warm(RemotePath below) throws ControlException {
    Warmup warmup =
        new Warmup(
            Path.of("/mnt/m"),
            (top, maxFileBytes, progress) -> {
              progress.left(8, 9);
              meanwhile.run();
              if (failure != null) {
                throw failure;
              }
              return REPORT;
            },
            () -> new MountStatus.Helper(helperIsUp, "what", 0),
            () -> linkTrouble);
    return warmup.warm(
        below,
        1,
        new Follower() {
          @Override
          public void left(PendingFigures figures) {
            told.add(figures);
          }

          @Override
          public boolean hasLeft() {
            return hasLeft;
          }
        });
  }

  private void assertFails(Reason reason, String message) {
    assertThatThrownBy(() -> warm(RemotePath.of("/d")))
        .isInstanceOfSatisfying(
            ControlException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessage(message);
  }

  @Test
  void report_andProgress_arePassedOn() throws Exception {
    assertThat(warm(RemotePath.ROOT)).isEqualTo(REPORT);
    assertThat(told).containsExactly(new PendingFigures(8, 9, 0, 0));
  }

  @Test
  void linkOrHelperThatIsNotThere_isSaidAtOnce() {
    linkTrouble = "connection refused";
    assertFails(
        Reason.FAILED,
        "nothing was fetched: the connection to the runtime is down: connection refused; 'colabfs status' tells more");
    linkTrouble = null;
    helperIsUp = false;
    assertFails(
        Reason.FAILED,
        "nothing was fetched: there is no helper on the runtime that could send many files at a time; 'colabfs status' tells why");
    assertThat(told).isEmpty();
  }

  @Test
  void linkOrHelperThatGoes_isSaid_andWhatCameStays() {
    failure = new FsException(Errno.ENOTCONN, "the helper went");
    meanwhile = () -> helperIsUp = false;
    assertFails(
        Reason.FAILED,
        "not everything was fetched: there is no helper on the runtime that could send many files at a time; 'colabfs status' tells why. What was fetched stays; 'colabfs warm' once more goes on");
    meanwhile = () -> helperIsUp = true;
    helperIsUp = true;
    assertFails(
        Reason.FAILED,
        "/mnt/m/d is not warmed: the helper went. What was fetched stays; 'colabfs warm' once more goes on");
  }

  @Test
  void interrupted_isGivenUp() {
    failure = new FsException(Errno.EINTR, "interrupted");
    hasLeft = true;
    assertFails(
        Reason.GIVEN_UP, "interrupted. What was fetched stays; 'colabfs warm' once more goes on");
  }
}
