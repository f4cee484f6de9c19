package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.remote.RuntimeId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RuntimeRecordTest {
  private static final RuntimeId ID =
      new RuntimeId("0123456789abcdef0123456789abcdef", null, "SHA256:a+b/c=");

  @TempDir Path directory;

  @Test
  void whatWasWritten_isRead_andForTheUserAlone() throws Exception {
    RuntimeRecord record = new RuntimeRecord(directory);
    assertThat(record.read()).isNull();
    RuntimeRecord.Known known = new RuntimeRecord.Known(ID, true, false);
    record.write(new RuntimeRecord.Known(RuntimeId.UNKNOWN, false, true));
    record.write(known);
    assertThat(new RuntimeRecord(directory).read()).isEqualTo(known);
    assertThat(Files.getPosixFilePermissions(directory.resolve("runtime")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void whatMakesNoSense_isUnknown() throws Exception {
    RuntimeRecord record = new RuntimeRecord(directory);
    for (String content : new String[] {"", "version=2\n", "\\u00", "host_key=x\n"}) {
      Files.writeString(directory.resolve("runtime"), content);
      assertThat(record.read()).isNull();
    }
  }

  @Test
  void withoutAJournal_nothingIsKept() {
    RuntimeRecord record = new RuntimeRecord(null);
    record.write(RuntimeRecord.Known.NOTHING);
    assertThat(record.read()).isNull();
  }

  @Test
  void whatCannotBeWritten_doesNoHarm() throws Exception {
    RuntimeRecord record = new RuntimeRecord(directory);
    RuntimeRecord.Known known = new RuntimeRecord.Known(ID, true, false);
    record.write(known);
    Files.createDirectories(directory.resolve("runtime.new/in-the-way"));
    record.write(new RuntimeRecord.Known(RuntimeId.UNKNOWN, false, false));
    assertThat(record.read()).isEqualTo(known);
  }
}
