package colabfs.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.control.MountStatus;
import colabfs.control.ProcessIdentity;
import colabfs.control.RunningMount;
import colabfs.doctor.Finding.Level;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MountChecksTest {
  @TempDir Path root;
  private final List<MountStatus> statuses = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // set before each test
  private FakeHere machine;

  @BeforeEach
  void start() throws IOException {
    machine = new FakeHere(root);
  }

  private List<Finding> look(String id) {
    try {
      return new MountChecks(machine.here(), () -> statuses)
          .all().stream()
              .filter(check -> check.id().equals(id))
              .findFirst()
              .orElseThrow()
              .look()
              .look();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private RunningMount mount(@Nullable Path journal) {
    return new RunningMount(
        "work", Path.of("/m"), "/content", false, journal, ProcessIdentity.own(), Instant.EPOCH);
  }

  private void mounted(String state, PendingFigures figures) {
    statuses.clear();
    statuses.add(
        new MountStatus(
            mount(null),
            state,
            null,
            null,
            null,
            new MountStatus.Pending(figures, List.of(), List.of()),
            null,
            null,
            List.of(),
            null,
            "nothing listens there"));
  }

  private void is(String id, Level level, String... words) {
    assertThat(look(id)).hasSize(1);
    Finding finding = look(id).get(0);
    assertThat(finding.level()).as(finding.message()).isEqualTo(level);
    assertThat(List.of(words))
        .allSatisfy(word -> assertThat(finding.message() + "; " + finding.next()).contains(word));
  }

  @Test
  void mounts_inEachState_areTold() {
    PendingFigures none = new PendingFigures(0, 0, 0, 0);
    is("mount", Level.OK, "nothing is mounted");
    mounted(MountStatus.CONNECTED, none);
    is("mount", Level.OK, "/m (work) is connected, nothing unsent");
    mounted(MountStatus.CONNECTED, new PendingFigures(3, 5000, 0, 0));
    is("mount", Level.OK, "3 unsent, 5 KiB");
    mounted(MountStatus.CONNECTED, new PendingFigures(3, 5000, 2, 1));
    is("mount", Level.WARN, "2 changes are refused", "colabfs pending");
    mounted(MountStatus.CONNECTED, new PendingFigures(0, 0, 0, 1));
    is("mount", Level.WARN, "1 conflicts", "colabfs pending conflicts");
    mounted(MountStatus.RECONNECTING, none);
    is("mount", Level.WARN, "is reconnecting: nothing listens there");
    mounted(MountStatus.OFFLINE, none);
    is("mount", Level.WARN, "is offline");
    mounted(MountStatus.HELD, none);
    is("mount", Level.WARN, "another runtime answers", "colabfs restore --fresh");
    mounted(MountStatus.NOT_ANSWERING, none);
    is("mount", Level.FAIL, "does not answer", "colabfs umount --force /m");
    mounted(MountStatus.DEAD, none);
    is("mount", Level.FAIL, "its process has ended", "colabfs umount /m");
  }

  @Test
  void journals_damagedOnes_areTold_andStay() throws IOException {
    is("journal", Level.OK, "nothing unsent");
    Path journal = machine.directory("STATE/colabfs/journal/work-0123456789ab");
    is("journal", Level.OK);
    Path damaged = Files.createFile(journal.resolve("damaged-2026-journal-1"));
    is("journal", Level.WARN, "a damaged journal is kept as " + damaged);
    Files.delete(damaged);
    Files.writeString(
        journal.resolve("journal-1"), "not a journal at all, but long enough for one");
    is("journal", Level.WARN, "cannot be read", "mount 'work' again");
    try (Stream<Path> files = Files.list(journal)) {
      assertThat(files).containsExactly(journal.resolve("journal-1"));
    }
    statuses.add(MountStatus.silent(mount(journal), MountStatus.CONNECTED));
    is("journal", Level.OK);
  }
}
