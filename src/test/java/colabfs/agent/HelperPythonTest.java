package colabfs.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Runs the tests that are in Python (src/test/python): the helper's and the notebook cell's. */
final class HelperPythonTest {
  private static final Pattern LINE =
      Pattern.compile("(?m)^(test_\\w+) \\(([^)]*)\\)(?:\\n[^\\n]*?)? \\.\\.\\. (\\w+)");
  private static final long MOST_SECONDS = 300;

  @TestFactory
  List<DynamicTest> helper_inPython() throws IOException, InterruptedException {
    Process python =
        new ProcessBuilder("python3", "-B", "-m", "unittest", "-v")
            .directory(Path.of("src/test/python").toFile())
            .redirectErrorStream(true)
            .start();
    python.getOutputStream().close();
    Thread limit =
        new Thread(
            () -> {
              try {
                if (!python.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
                  python.destroyForcibly();
                }
              } catch (InterruptedException e) {
                python.destroyForcibly();
              }
            });
    limit.start();
    String output = new String(python.getInputStream().readAllBytes(), UTF_8);
    int status = python.waitFor();
    List<DynamicTest> tests = new ArrayList<>();
    Matcher line = LINE.matcher(output);
    while (line.find()) {
      String result = line.group(3);
      tests.add(dynamicTest(line.group(1), () -> assertThat(result).as(output).isEqualTo("ok")));
    }
    tests.add(dynamicTest("all of them", () -> assertThat(status).as(output).isZero()));
    return tests;
  }
}
