package colabfs.fuse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A child JVM that serves a mount ({@link ServeMain}), so that the test may call into the mount
 * without ever waiting for itself.
 */
public final class MountProcess implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 60;

  private final Process process;
  private final Path mountpoint;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private volatile boolean mounted;

  private MountProcess(Process process, Path mountpoint) {
    this.process = process;
    this.mountpoint = mountpoint;
    Thread reader = new Thread(this::readLines, "mount-process-output");
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts a child; {@link #answer} tells whether it mounted. */
  public static MountProcess start(
      String what,
      Path directory,
      Path mountpoint,
      Map<String, String> environment,
      String... options)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    command.add("-XX:+UseSerialGC");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(ServeMain.class.getName());
    command.addAll(List.of(what, directory.toString(), mountpoint.toString()));
    command.addAll(List.of(options));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    return new MountProcess(builder.start(), mountpoint);
  }

  /** A mount of a plain directory, up and answering. */
  public static MountProcess passThrough(Path directory, Path mountpoint, String... options)
      throws IOException {
    return mounted(start("passthrough", directory, mountpoint, Map.of(), options));
  }

  /** As {@link #passThrough}, and the kernel trusts to be told of what others change there. */
  public static MountProcess remembering(Path directory, Path mountpoint) throws IOException {
    MountProcess child = mounted(start("watched", directory, mountpoint, Map.of()));
    child.send("trust");
    child.answer();
    return child;
  }

  static MountProcess mounted(MountProcess started) throws IOException {
    String answer = started.answer();
    if (!answer.equals("MOUNTED")) {
      started.close();
      throw new IOException(answer);
    }
    started.mounted = true;
    return started;
  }

  private void readLines() {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      String line = reader.readLine();
      while (line != null) {
        lines.add(line);
        line = reader.readLine();
      }
    } catch (IOException e) {
      lines.add("the child's output broke: " + e.getMessage());
    }
    lines.add("GONE");
  }

  /** The next line that the child says: MOUNTED, FAILED and why, ENDED, or GONE after its end. */
  public String answer() throws IOException {
    try {
      String line = lines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (line == null) {
        throw new IOException("the child says nothing");
      }
      return line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** Tells the child to unmount: {@code unmount} or {@code force}. */
  void send(String command) throws IOException {
    OutputStream input = process.getOutputStream();
    input.write((command + "\n").getBytes(StandardCharsets.UTF_8));
    input.flush();
  }

  public Path mountpoint() {
    return mountpoint;
  }

  public Process process() {
    return process;
  }

  /** Ends the child, which unmounts; kills it when it does not, and clears the mount away. */
  @Override
  public void close() throws IOException {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
      if (mounted && MountTable.at(mountpoint) != null) {
        Unmount.of(mountpoint, FuseMount.localUser(), true);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (MountException e) {
      throw new IOException(e);
    }
  }
}
