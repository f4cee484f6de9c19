package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** scripts/colabfs in a home of its own, with a Java that prints how it was called. */
final class LauncherTest {
  private static final Path SCRIPT = Path.of("scripts/colabfs").toAbsolutePath();
  private static final List<String> TOOLS =
      List.of(
          "sh",
          "readlink",
          "tr",
          "find",
          "sed",
          "wc",
          "mkdir",
          "date",
          "tail",
          "touch",
          "uname",
          "grep",
          "ls",
          "cksum");

  @TempDir Path directory;
  private final Map<String, String> environment = new HashMap<>();
  private Path home = Path.of("/");
  private Path copy = Path.of("/");

  private record Outcome(int code, List<String> out, String err) {}

  @BeforeEach
  void makeHome() throws IOException {
    home = Files.createDirectories(directory.toRealPath().resolve("a home"));
    copy = Files.createDirectories(home.resolve("target/run/1"));
    Files.createDirectories(home.resolve("scripts"));
    executable(home.resolve("scripts/colabfs"), Files.readString(SCRIPT));
    executable(
        home.resolve("scripts/has-libfuse2"),
        Files.readString(SCRIPT.resolveSibling("has-libfuse2")));
    Files.writeString(home.resolve("target/colabfs.jar"), "");
    Files.writeString(copy.resolve("colabfs.jar"), "");
    Files.setLastModifiedTime(
        copy.resolve("colabfs.jar"), Files.getLastModifiedTime(home.resolve("target/colabfs.jar")));
    Files.writeString(home.resolve("target/run/current"), "1\n");
    Path tools = Files.createDirectories(directory.resolve("tools"));
    for (String tool : TOOLS) {
      executable(tools.resolve(tool), "#!/bin/sh\nexec /usr/bin/" + tool + " \"$@\"\n");
    }
    environment.put("PATH", tools.toString());
    environment.put("LANG", "C.UTF-8");
    environment.put("JAVA_HOME", java("17.0.1").toString());
  }

  /** A Java of that version, with a whole archive of classes for it. */
  private Path java(String version) throws IOException {
    Path java = Files.createDirectories(directory.resolve("java-" + version));
    Files.createDirectories(java.resolve("bin"));
    executable(
        java.resolve("bin/java"),
        "#!/bin/sh\nprintf '%s\\n' \"$0\" \"LC_ALL=${LC_ALL-}\" \"OLD=${COLABFS_LC_ALL-}\" \"$@\"\n");
    Files.writeString(java.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    Files.writeString(copy.resolve("classes-" + version + ".jsa"), "whole");
    Files.writeString(copy.resolve("classes-" + version + ".jsa.size"), "5\n");
    return java;
  }

  private static void executable(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Outcome run(Path script, String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(args));
    Path err = directory.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(directory.toFile()).redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    return new Outcome(code, out.lines().toList(), Files.readString(err));
  }

  private Outcome run(String... args) throws IOException, InterruptedException {
    return run(home.resolve("scripts/colabfs"), args);
  }

  @Test
  void shortCommand_runsTheCopyWithSmallFlags() throws IOException, InterruptedException {
    Outcome outcome = run("profiles", "show", "a b", "*");
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out())
        .contains(
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-XX:SharedArchiveFile=" + copy.resolve("classes-17.0.1.jsa"),
            "-Dfile.encoding=UTF-8",
            "-Dcolabfs.launcher=" + home.resolve("scripts/colabfs"))
        .doesNotContain("--enable-native-access=ALL-UNNAMED")
        .endsWith(
            "-cp",
            copy.resolve("colabfs.jar").toString(),
            "colabfs.cli.Main",
            "profiles",
            "show",
            "a b",
            "*");
  }

  @Test
  void exec_needsNoJava_untilItIsAskedFor() throws IOException, InterruptedException {
    Files.writeString(
        home.resolve("scripts/colabfs-exec.py"),
        """
        import sys

        for word in sys.argv[1:] + ["isolated"] * sys.flags.isolated:
            print(word)
        """);
    Path bin = Files.createDirectories(directory.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("colabfs"), home.resolve("scripts/colabfs"));
    assertThat(run(bin.resolve("colabfs"), "-p", "x", "exec", "a b", "").out())
        .containsExactly(
            home.resolve("scripts/colabfs").toString(), "-p", "x", "exec", "a b", "", "isolated");
    assertThat(run("mount", "exec").out()).contains("colabfs.cli.Main");
    for (String setting : List.of("COLABFS_CLIENT", "COLABFS_JAVA_OPTS", "COLABFS_DEBUG")) {
      environment.put(setting, setting.endsWith("CLIENT") ? "java" : "-Dx=1");
      assertThat(run("exec", "a b").out()).endsWith("colabfs.cli.Main", "exec", "a b");
      environment.remove(setting);
    }
  }

  @Test
  void symlinksToIt_areFollowed() throws IOException, InterruptedException {
    Path bin = Files.createDirectories(directory.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("far"), home.resolve("scripts/colabfs"));
    Files.createSymbolicLink(bin.resolve("colabfs"), Path.of("far"));
    assertThat(run(bin.resolve("colabfs"), "status").out())
        .contains("-Dcolabfs.launcher=" + home.resolve("scripts/colabfs"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mount p d --foreground", "-p x mount --foreground d", "daemon x", "demo"})
  void longRunningCommand_hasAllCompilersAndMoreHeap(String line)
      throws IOException, InterruptedException {
    assertThat(run(line.split(" ", -1)).out())
        .contains("-Xmx512m")
        .doesNotContain("-XX:TieredStopAtLevel=1");
  }

  @Test
  void mount_withCiphersInC_hasTheQuickCompilerAlone() throws IOException, InterruptedException {
    Files.createFile(copy.resolve("classes-17.0.1.jsa.native"));
    assertThat(run("daemon", "x").out())
        .contains(
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",
            "-Dcolabfs.crypto.native=true",
            "-Djava.library.path=" + copy.resolve("lib/native"));
    assertThat(run("status").out()).doesNotContain("-Dcolabfs.crypto.native=true");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mount p d", "exec mount --foreground", "-p mount status", "umount daemon"})
  void otherCommand_isShort(String line) throws IOException, InterruptedException {
    assertThat(run(line.split(" ", -1)).out()).contains("-Xmx64m");
  }

  @ParameterizedTest
  @CsvSource({"17.0.1,false,false", "22,true,false", "25.0.3,true,true"})
  void flags_followTheVersionOfJava(String version, boolean access, boolean unsafe)
      throws IOException, InterruptedException {
    environment.put("JAVA_HOME", java(version).toString());
    List<String> out = run("status").out();
    assertThat(out.contains("--enable-native-access=ALL-UNNAMED")).isEqualTo(access);
    assertThat(out.contains("--sun-misc-unsafe-memory-access=allow")).isEqualTo(unsafe);
  }

  @Test
  void oldJavaInJavaHome_isPassedOver() throws IOException, InterruptedException {
    environment.put("JAVA_HOME", java("1.8.0_402").toString());
    environment.merge("PATH", java("21").resolve("bin").toString(), (a, b) -> a + ":" + b);
    assertThat(run("status").out().get(0)).endsWith("java-21/bin/java");
  }

  @Test
  void archiveThatWasCutShort_isNotUsed() throws IOException, InterruptedException {
    Files.createDirectories(copy.resolve("classes-17.0.1.jsa.making"));
    Files.writeString(copy.resolve("classes-17.0.1.jsa"), "who");
    Outcome outcome = run("status");
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out()).noneMatch(line -> line.startsWith("-XX:SharedArchiveFile"));
  }

  @Test
  void localeThatIsNotUtf8_isReplacedForJavaAndKept() throws IOException, InterruptedException {
    environment.put("LC_ALL", "POSIX");
    assertThat(run("status").out()).contains("LC_ALL=C.UTF-8", "OLD=POSIX");
    environment.put("LC_ALL", "de_DE.utf8");
    assertThat(run("status").out()).contains("LC_ALL=de_DE.utf8", "OLD=");
  }

  @Test
  void nothingBuilt_withoutMaven_namesThePackage() throws IOException, InterruptedException {
    Files.delete(home.resolve("target/colabfs.jar"));
    Files.createDirectories(home.resolve("src/main"));
    Files.writeString(home.resolve("pom.xml"), "");
    Outcome outcome = run("status");
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.err()).contains("sudo apt install maven").hasLineCount(1);
    assertThat(run("exec", "ls").code()).isEqualTo(255);
  }

  @Test
  void nothingBuilt_withoutSources_saysSo() throws IOException, InterruptedException {
    Files.delete(home.resolve("target/colabfs.jar"));
    assertThat(run("status").err()).contains("no sources").hasLineCount(1);
  }
}
