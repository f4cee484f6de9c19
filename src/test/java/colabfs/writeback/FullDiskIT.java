package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A journal on a disk that is full in truth: a small tmpfs in a mount namespace of its own. */
final class FullDiskIT {
  private static final String MOUNT_AND_RUN =
      "mount -t tmpfs -o size=256k,mode=0700 colabfs-test \"$0\" && exec \"$@\"";

  @Test
  @Timeout(60)
  void journal_onAFullDisk_losesNothingAndGoesOnWhenThereIsRoom(@TempDir Path disk)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("unshare", "-m", "--propagation", "private"));
    if (!isRoot()) {
      command.add("-r");
    }
    command.addAll(List.of("sh", "-c", MOUNT_AND_RUN, disk.toString()));
    command.addAll(JournalProcess.command("fill", disk));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(output)
          .as("needs unshare and mount: root, or user namespaces that users may make")
          .endsWith("DONE\n");
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(disk).isEmptyDirectory();
  }

  private static boolean isRoot() throws IOException {
    Process id = new ProcessBuilder("id", "-u").start();
    return new String(id.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
        .strip()
        .equals("0");
  }
}
