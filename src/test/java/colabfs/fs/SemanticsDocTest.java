package colabfs.fs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every promise in docs/SEMANTICS.md has a test of that name. */
final class SemanticsDocTest {
  private static final Pattern DISPLAY_NAME =
      Pattern.compile("@DisplayName\\(\\s*((?:\"[^\"]*\"\\s*\\+?\\s*)+)\\)");

  @Test
  void promises_eachHaveATest() throws IOException {
    String doc = Files.readString(Path.of("docs/SEMANTICS.md"));
    List<String> promises =
        doc.substring(0, doc.indexOf("## Not promised"))
            .lines()
            .filter(line -> line.startsWith("- "))
            .map(line -> line.substring(2))
            .toList();
    assertThat(promises).isNotEmpty();
    assertThat(displayNames()).containsAll(promises);
  }

  private static List<String> displayNames() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .flatMap(file -> DISPLAY_NAME.matcher(read(file)).results())
          .map(found -> found.group(1).replaceAll("\"\\s*\\+\\s*\"", "").strip())
          .map(quoted -> quoted.substring(1, quoted.length() - 1))
          .collect(Collectors.toList());
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
