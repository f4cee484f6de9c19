package colabfs.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** What Google's command-line tool leaves on the disk. */
public final class ColabTool {

  private ColabTool() {}

  /** Writes a sessions file of Google's tool, in one step. */
  public static void writeSessions(Path file, Map<String, Session> sessions) throws IOException {
    StringBuilder json = new StringBuilder("{");
    new TreeMap<>(sessions)
        .forEach(
            (name, session) ->
                json.append(json.length() > 1 ? "," : "")
                    .append(
                        """

                          "%s": {"name": "%s", "token": "%s", "url": "%s", "endpoint": "%s",
                            "variant": "DEFAULT", "accelerator": "NONE", "keep_alive_pid": 4711,
                            "last_execution": ["a", null, "b"]}"""
                            .formatted(
                                name, name, session.token(), session.url(), session.endpoint())));
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, json + "\n}\n");
  }

  /** What the tool's file has of one session. */
  public record Session(String token, String url, String endpoint) {}
}
