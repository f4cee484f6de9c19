package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.control.Command;
import colabfs.control.ExecPlanner.Plan;
import colabfs.control.ProcessIdentity;
import colabfs.control.RunningMount;
import colabfs.control.RunningMounts;
import colabfs.control.RuntimeDirectory;
import colabfs.control.TypedLine;
import colabfs.core.RemotePath;
import colabfs.exec.ExecOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a command line means to a mount's process; mounts are only listed. */
final class TypedExecTest {
  private static final String HERE = "/mnt/p/sub";

  @TempDir Path directory;
  private final Map<String, String> environment = new HashMap<>();
  private Path profiles = Path.of("/");

  @BeforeEach
  void mount() throws IOException {
    Path real = directory.toRealPath();
    profiles = Files.createDirectories(real.resolve("config/colabfs/profiles"));
    environment.put("XDG_CONFIG_HOME", real.resolve("config").toString());
    environment.put("XDG_STATE_HOME", real.resolve("state").toString());
    RunningMounts list = new RunningMounts(RuntimeDirectory.of(environment));
    list.add(running("p", "/mnt/p", "/content"));
    list.add(running("q", "/mnt/q", "/"));
    profile("p");
    profile("q");
  }

  private static RunningMount running(String profile, String mountpoint, String root) {
    return new RunningMount(
        profile,
        Path.of(mountpoint),
        root,
        false,
        null,
        ProcessIdentity.own(),
        Instant.parse("2026-01-02T03:04:05Z"));
  }

  private void profile(String name) throws IOException {
    Path file = profiles.resolve(name + ".json");
    Files.writeString(
        file, "{\"version\": 1, \"host\": \"h\", \"user\": \"u\", \"password\": \"x\"}");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  private @Nullable Plan planAt(String namespace, String here, String... arguments) {
    return new TypedExec(environment)
        .plan(new TypedLine(List.of(arguments), Path.of(here), environment, true, namespace));
  }

  private @Nullable Plan plan(String... arguments) throws IOException {
    return planAt(namespace(), HERE, arguments);
  }

  private static String namespace() throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")).toString();
  }

  @Test
  void allOptions_areReadAsTheCommandReadsThem() throws IOException {
    environment.put("HERE", "a b");
    assertThat(
            plan(
                "exec",
                "--no-flush",
                "--timeout",
                "2m",
                "-e",
                "A=1",
                "-e",
                "HERE",
                "--cwd",
                "deeper",
                "--detach",
                "--",
                "ls",
                "-t",
                "/mnt/p/x",
                "--help"))
        .isEqualTo(
            new Plan(
                Path.of("/mnt/p"),
                new Command(
                    List.of("ls", "-t", "/content/x", "--help"),
                    RemotePath.of("/sub"),
                    "/content/sub/deeper",
                    false,
                    new ExecOptions(
                        Map.of("A", "1", "HERE", "a b"), Duration.ofMinutes(2), true, true))));
  }

  @Test
  void profileThatIsNamed_decides() throws IOException {
    Command command = new Command(List.of("true"), RemotePath.ROOT, true);
    assertThat(plan("-p", "q", "exec", "true")).isEqualTo(new Plan(Path.of("/mnt/q"), command));
    environment.put("COLABFS_PROFILE", "q");
    assertThat(planAt(namespace(), "/", "exec", "true"))
        .isEqualTo(new Plan(Path.of("/mnt/q"), command));
    assertThat(plan("exec", "true"))
        .isEqualTo(
            new Plan(Path.of("/mnt/p"), new Command(List.of("true"), RemotePath.of("/sub"), true)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "exec",
        "exec --help",
        "-h exec x",
        "-V exec x",
        "exec --nonsense x",
        "exec -e 1=2 x",
        "exec -e NOT_SET x",
        "exec --timeout never x",
        "exec --detach --no-supervise x",
        "exec --cwd ../.. x",
        "-p none exec x",
        "jobs",
        "status --json",
        "umount",
        "nonsense"
      })
  void whatIsNotUsual_isLeftToTheCommand(String line) throws IOException {
    assertThat(plan(line.isEmpty() ? new String[0] : line.split(" ", -1))).isNull();
  }

  @Test
  void otherNamespace_isLeftToTheCommand() {
    assertThat(planAt("mnt:[1]", HERE, "exec", "true")).isNull();
  }

  @Test
  void preparation_changesNothing() throws IOException {
    TypedExec exec = new TypedExec(environment);
    exec.prepare();
    assertThat(plan("exec", "true")).isNotNull();
  }
}
