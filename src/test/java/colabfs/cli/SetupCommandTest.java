package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.ssh.OwnKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SetupCommandTest {
  @TempDir Path directory;
  private CliRun cli = new CliRun(Path.of("/"));
  private Path notebook = Path.of("/");
  private OwnKey key = OwnKey.of(Map.of());

  @BeforeEach
  void start() throws IOException {
    cli = new CliRun(directory);
    notebook = directory.resolve("n.ipynb");
    key = OwnKey.of(Map.of("XDG_CONFIG_HOME", directory.resolve("keys").toString()));
    key.make();
  }

  private int setup(String... more) {
    String[] line = new String[more.length + 3];
    line[0] = "setup";
    line[1] = "--key=" + key.file();
    line[2] = "--out=" + notebook;
    System.arraycopy(more, 0, line, 3, more.length);
    return cli.run(line);
  }

  private String publicHalf() {
    return String.valueOf(key.publicLine()).split(" ", -1)[1];
  }

  @Test
  void setup_writesTheNotebook_andSaysWhichKeyAndWhatNext() throws IOException {
    assertThat(setup()).as(cli.err).isZero();
    assertThat(Files.readString(notebook)).contains(publicHalf(), "\\\"tunnel\\\" : \\\"ngrok\\\"");
    assertThat(cli.out).contains(notebook.toString(), "SHA256:", key.file().toString(), "Colab");
  }

  @Test
  void setup_again_replacesItsOwnNotebookOnly() throws IOException {
    assertThat(setup()).isZero();
    assertThat(setup("--tunnel=bore")).as(cli.err).isZero();
    assertThat(Files.readString(notebook)).contains("\\\"tunnel\\\" : \\\"bore\\\"");
    Files.writeString(notebook, "{\"cells\": [\"mine\"]}");
    assertThat(setup()).isEqualTo(1);
    assertThat(cli.err).contains("was not written by 'colabfs setup'", "--out").hasLineCount(1);
    assertThat(Files.readString(notebook)).contains("mine");
    try (var files = Files.list(directory)) {
      assertThat(files).noneMatch(file -> file.toString().endsWith(".tmp"));
    }
  }

  @Test
  void setup_print_printsTheCell_andWritesNothing() {
    assertThat(setup("lab", "--print", "--drive", "--password", "--port=99")).isZero();
    assertThat(cli.out)
        .startsWith("# Written by colabfs setup")
        .contains("\"name\" : \"lab\"", "\"drive\" : true", "\"password\" : true", "\"port\" : 99")
        .contains(publicHalf())
        .endsWith("main()\n");
    assertThat(notebook).doesNotExist();
  }

  @Test
  void setup_publicKeyFile_willDo() {
    Path half = Path.of(key.file() + ".pub");
    assertThat(cli.run("setup", "--print", "--key=" + half)).as(cli.err).isZero();
    assertThat(cli.out).contains(publicHalf());
  }

  @Test
  void setup_ofAnExistingProfile_takesItsKey() {
    cli.run("init", "lab", "--no-check", "--host=h", "--key=" + key.file());
    assertThat(cli.run("setup", "lab", "--print")).as(cli.err).isZero();
    assertThat(cli.out).contains(publicHalf());
  }

  @Test
  void setup_wrongUsage_saysWhy() {
    assertThat(setup("--tunnel=carrier")).isEqualTo(2);
    assertThat(cli.err).contains("'carrier' is unknown", "--help");
    assertThat(setup("--root=content")).isEqualTo(2);
    assertThat(setup("-bad")).isEqualTo(2);
    assertThat(setup("b/d")).isEqualTo(1);
    assertThat(cli.run("setup", "--key=/nowhere/id")).isEqualTo(1);
    assertThat(cli.err).contains("/nowhere/id does not exist");
    assertThat(cli.run("setup", "--key=" + key.file(), "--out=/nowhere/n")).isEqualTo(1);
    assertThat(cli.err).contains("no directory for /nowhere/n");
  }
}
