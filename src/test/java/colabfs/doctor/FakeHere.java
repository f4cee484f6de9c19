package colabfs.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A machine in a directory; everything is well until a test changes it. */
final class FakeHere {
  final Path root;
  final Map<String, String> environment = new HashMap<>();
  long uid;
  String java = "17.0.15";
  String system = "Linux";
  String kernel = "6.8.0-31-generic";
  long openFiles = 20_000;
  Optional<String> libfuse = Optional.empty();

  FakeHere(Path root) throws IOException {
    this.root = root;
    this.uid = ((Number) Files.getAttribute(root, "unix:uid")).longValue();
    environment.put("PATH", "/sbin");
    for (String name : new String[] {"CONFIG", "STATE", "CACHE"}) {
      environment.put("XDG_" + name + "_HOME", root.resolve(name).toString());
    }
    environment.put("XDG_RUNTIME_DIR", root.toString());
    for (String directory : new String[] {"dev", "etc", "usr/bin"}) {
      Files.createDirectories(root.resolve(directory));
    }
    Files.createFile(root.resolve("dev/fuse"));
    program("usr/bin/fusermount");
  }

  /** A program that runs as root. */
  void program(String path) throws IOException {
    Path program = root.resolve(path);
    Files.createFile(program);
    Files.setAttribute(program, "unix:mode", 0104755);
  }

  /** A directory for the user alone. */
  Path directory(String name) throws IOException {
    Path directory = Files.createDirectories(root.resolve(name));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    return directory;
  }

  Here here() {
    return new Here(environment, root, uid, java, system, kernel, openFiles, () -> libfuse);
  }
}
