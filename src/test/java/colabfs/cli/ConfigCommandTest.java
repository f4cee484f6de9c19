package colabfs.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.config.Setting;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

final class ConfigCommandTest {
  @TempDir Path directory;
  private CliRun cli = new CliRun(Path.of("/"));

  @BeforeEach
  void start() {
    cli = new CliRun(directory);
  }

  @Test
  void setShowUnsetPath_work() {
    assertThat(cli.run("config", "path")).isZero();
    assertThat(cli.out).isEqualTo(directory.resolve("colabfs/config.json") + "\n");
    assertThat(cli.run("config", "set", "mount.cache-size", "8G")).isZero();
    assertThat(cli.out).isEqualTo("mount.cache-size is now 8G\n");
    assertThat(cli.with("COLABFS_MOUNT_SYNC", "1").run("config")).isZero();
    assertThat(cli.out.lines())
        .hasSize(Setting.values().length)
        .anyMatch(line -> line.matches("mount\\.cache-size +8G +config\\.json"))
        .anyMatch(line -> line.matches("mount\\.sync +true +COLABFS_MOUNT_SYNC"))
        .anyMatch(line -> line.matches("mount\\.fsync +local +built-in"));
    assertThat(cli.run("config", "show", "mount.cache-size")).isZero();
    assertThat(cli.out).isEqualTo("8G\n");
    assertThat(cli.run("config", "--json")).isZero();
    assertThat(cli.out).contains("\"version\" : 1", "\"source\" : \"file\"");
    assertThat(cli.run("config", "unset", "mount.cache-size")).isZero();
    assertThat(cli.run("config", "show", "mount.cache-size")).isZero();
    assertThat(cli.out).isEqualTo("4G\n");
  }

  @Test
  void set_whileAVariableComesFirst_saysSo() {
    cli.with("COLABFS_MOUNT_FSYNC", "local").run("config", "set", "mount.fsync", "remote");
    assertThat(cli.code).isZero();
    assertThat(cli.err).contains("COLABFS_MOUNT_FSYNC is set to local, and comes before the file");
  }

  @Test
  void unknownKeyOrBadValue_failWithTheNextStep() {
    assertThat(cli.run("config", "set", "mount.fsinc", "local")).isEqualTo(1);
    assertThat(cli.err).contains("did you mean 'mount.fsync'?").hasLineCount(1);
    assertThat(cli.run("config", "show", "mount.fsinc")).isEqualTo(1);
    assertThat(cli.err).contains("did you mean 'mount.fsync'?").hasLineCount(1);
    assertThat(cli.run("config", "set", "mount.fsync", "no")).isEqualTo(1);
    assertThat(cli.err).contains("must be one of local, remote; nothing was changed");
    assertThat(cli.run("config", "set", "mount.fsync")).isEqualTo(2);
  }

  @Test
  void badFile_stopsCommands_butNotThoseThatPutItRight() throws IOException {
    Files.createDirectories(directory.resolve("colabfs"));
    Files.writeString(directory.resolve("colabfs/config.json"), "{\n  \"mount.sinc\": true\n}\n");
    assertThat(cli.run("profiles")).isEqualTo(1);
    assertThat(cli.err)
        .contains("config.json: there is no setting 'mount.sinc'", "(line 2, column 3)")
        .hasLineCount(1);
    assertThat(cli.run("exec", "true")).isEqualTo(255);
    assertThat(cli.run("config")).isEqualTo(1);
    assertThat(cli.run("config", "path")).isZero();
    assertThat(cli.err).isEmpty();
    assertThat(cli.with("XDG_RUNTIME_DIR", directory.toString()).run("status")).isZero();
    assertThat(cli.err).startsWith("colabfs: warning: the settings in ").hasLineCount(1);
    assertThat(cli.run("--help")).isZero();
    assertThat(cli.run("mount", "--help")).isZero();
    assertThat(cli.run("help", "mount")).isZero();
  }

  @Test
  void unknownVariable_isAWarning_oncePerCommand() {
    assertThat(cli.with("COLABFS_PROFIL", "x").run("config", "path")).isZero();
    assertThat(cli.err)
        .isEqualTo(
            "colabfs: warning: the environment variable COLABFS_PROFIL means nothing (did you mean COLABFS_PROFILE?)\n");
  }

  @Test
  void help_showsTheDefaultThatHolds() {
    cli.run("mount", "--help");
    assertThat(cli.out).contains("Default: 4G\n", "Default: 20; with --drive 60\n");
    cli.with("COLABFS_MOUNT_CACHE_SIZE", "9G").run("config", "set", "mount.sync", "true");
    cli.run("mount", "--help");
    assertThat(cli.out)
        .contains("Default: 9G, by COLABFS_MOUNT_CACHE_SIZE\n", "Default: true, by config.json\n");
  }

  private Surroundings surroundings(Map<String, String> variables) {
    Map<String, String> environment = new HashMap<>(variables);
    environment.put("XDG_CONFIG_HOME", directory.toString());
    return new Surroundings(
        new ByteArrayInputStream(new byte[0]),
        new PrintWriter(new StringWriter()),
        new PrintWriter(new StringWriter()),
        new Terminal.ProcessTerminal(null),
        environment);
  }

  /** What {@code mount} would do with these words, as its daemon is told it. */
  private String mount(Map<String, String> variables, String... words) {
    CommandLine line = Main.commandLine(surroundings(variables));
    String[] all = Stream.concat(Stream.of("mount"), Stream.of(words)).toArray(String[]::new);
    CommandLine mount = line.parseArgs(all).subcommand().commandSpec().commandLine();
    try {
      return ((MountCommand) mount.getCommand()).options().toString();
    } catch (CommandLine.ParameterException e) {
      return String.valueOf(e.getMessage());
    } catch (colabfs.profile.ProfileException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void mount_takesWhatIsSet_andOptionsComeFirst() {
    String place = directory.resolve("m").toString();
    assertThat(mount(Map.of(), "p", place)).contains("sync=false", "fsync=LOCAL", "helper=true");
    Map<String, String> set =
        Map.of(
            "COLABFS_MOUNT_SYNC", "true",
            "COLABFS_MOUNT_FSYNC", "remote",
            "COLABFS_MOUNT_NO_HELPER", "yes",
            "COLABFS_MOUNT_CACHE_SIZE", "1M",
            "COLABFS_MOUNT_TIMEOUT", "7",
            "COLABFS_MOUNT_OPTIONS", "allow_other,noatime");
    assertThat(mount(set, "p", place))
        .contains("sync=true", "helper=false", "cacheBytes=1048576", "callTimeout=PT7S")
        .contains("allowOther=true", "fuseOptions=[noatime]");
    assertThat(mount(set, "--sync", "--no-helper", "p", place))
        .contains("sync=true", "helper=false");
    assertThat(mount(set, "--no-sync", "--helper", "--cache-size=2M", "-o", "nonempty", "p", place))
        .contains("sync=false", "fsync=REMOTE", "helper=true", "cacheBytes=2097152")
        .contains("fuseOptions=[noatime, nonempty]");
    assertThat(mount(set, "--fsync=local", "p", place)).contains("so add --no-sync");
    assertThat(mount(Map.of(), "--sync", "--fsync=local", "p", place))
        .contains("leave one of them out");
    assertThat(mount(Map.of("COLABFS_MOUNT_ON_NEW_RUNTIME", "restore"), "--read-only", "p", place))
        .contains("onNewRuntime=ask");
    assertThat(mount(Map.of("COLABFS_MOUNT_ON_NEW_RUNTIME", "restore"), "p", place))
        .contains("onNewRuntime=restore");
  }

  @Test
  void table_agreesWithTheOptions() {
    CommandLine line = Main.commandLine(surroundings(Map.of()));
    for (Setting setting : Setting.values()) {
      int dot = setting.key().indexOf('.');
      if (dot < 0 || setting.isList()) {
        continue;
      }
      CommandLine command =
          requireNonNull(line.getSubcommands().get(setting.key().substring(0, dot)), setting.key());
      OptionSpec option =
          command.getCommandSpec().findOption("--" + setting.key().substring(dot + 1));
      assertThat(option).as(setting.key()).isNotNull();
      assertThat(Setting.of(command.getCommandName(), List.of(option.names()))).contains(setting);
      if (setting.isFlag()) {
        assertThat(option.negatable()).as(setting.key()).isTrue();
        assertThat(option.fallbackValue()).as(setting.key()).isEqualTo("true");
      }
      if (option.type().isEnum()) {
        assertThat(
                Arrays.stream(option.type().getEnumConstants())
                    .map(each -> ((Enum<?>) each).name().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", ")))
            .isEqualTo(setting.takes());
      }
    }
  }
}
