package colabfs.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.doctor.Finding.Level;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class DoctorTest {
  private final List<Finding> told = new ArrayList<>();
  private final CompletableFuture<Void> givenUp = new CompletableFuture<>();

  private Report run(Duration patience, Check... checks) {
    return new Doctor("p", List.of(checks), patience).run(told::add, givenUp);
  }

  private static Check well(String id, String... needs) {
    return Check.of(id, () -> Finding.ok(id, "well"), needs);
  }

  @Test
  void check_whoseNeedFailed_isSkipped_andSoIsWhatNeedsThat() {
    Report report =
        run(
            Duration.ofSeconds(20),
            well("a"),
            Check.of("b", () -> Finding.fail("b", "broken", "mend it"), "a"),
            well("c", "b"),
            well("d", "c"),
            Check.of("e", () -> Finding.warn("e", "odd", null)),
            well("f", "e", "a"));
    assertThat(told).isEqualTo(report.findings());
    assertThat(report.findings())
        .extracting(finding -> finding.id() + " " + finding.level() + " " + finding.message())
        .containsExactly(
            "a ok well",
            "b fail broken",
            "c skipped skipped, because 'b' failed",
            "d skipped skipped, because 'c' was skipped",
            "e warn odd",
            "f ok well");
    assertThat(report.summary()).isEqualTo("2 ok, 1 warning, 1 failed, 2 skipped");
    assertThat(report.json())
        .contains("\"version\" : 1", "\"profile\" : \"p\"", "\"complete\" : true")
        .contains("\"id\" : \"b\"", "\"status\" : \"fail\"", "\"next\" : \"mend it\"");
  }

  @Test
  void check_thatThrows_fails_withItsMessage() {
    run(
        Duration.ofSeconds(20),
        Check.of(
            "a",
            () -> {
              throw new IOException("no disk");
            }),
        Check.of(
            "b",
            () -> {
              throw new NoSuchFileException("/x");
            }),
        Check.of(
            "c",
            () -> {
              throw new IllegalStateException();
            }));
    assertThat(told)
        .extracting(Finding::message)
        .containsExactly(
            "no disk",
            "/x: java.nio.file.NoSuchFileException: /x",
            "java.lang.IllegalStateException");
    assertThat(told).allMatch(finding -> finding.level() == Level.FAIL);
  }

  @Test
  void check_thatDoesNotEnd_isLeftBehind() {
    CountDownLatch never = new CountDownLatch(1);
    run(
        Duration.ofSeconds(-1),
        Check.of(
            "a",
            () -> {
              never.await();
              return Finding.ok("a", "well");
            }),
        well("b"));
    assertThat(told.get(0)).isEqualTo(Finding.fail("a", "it did not end within 1 s", null));
    assertThat(told.get(1).level()).isEqualTo(Level.OK);
  }

  @Test
  void examination_thatIsGivenUp_tellsWhatIsKnown() {
    CountDownLatch never = new CountDownLatch(1);
    Report report =
        run(
            Duration.ofSeconds(20),
            well("a"),
            Check.of(
                    "b",
                    () -> {
                      givenUp.complete(null);
                      never.await();
                      return Finding.ok("b", "well");
                    })
                .thatEndsByItself(),
            well("c"));
    assertThat(report.complete()).isFalse();
    assertThat(report.findings()).extracting(Finding::id).containsExactly("a");
    assertThat(report.summary()).endsWith("interrupted, the rest was not looked at");
    assertThat(report.json()).contains("\"complete\" : false");
  }

  @Test
  void finding_isOneLineWithoutControlCharacters() {
    assertThat(Finding.warn("a", "x\r\n  y\033[31m", "do\nit"))
        .isEqualTo(Finding.warn("a", "x y?[31m", "do it"));
  }
}
