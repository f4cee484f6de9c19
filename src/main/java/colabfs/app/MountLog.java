package colabfs.app;

import colabfs.control.RunningMounts;
import colabfs.control.RuntimeDirectory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;

/**
 * A mount's log file, for the user alone: at 4 MiB it becomes {@code .log.1}, in place of the one
 * before. Threading: any thread.
 */
final class MountLog extends StreamHandler {
  private static final long MAX_BYTES = 4L << 20;
  private static final String FORMAT_PROPERTY = "java.util.logging.SimpleFormatter.format";
  private static final String FORMAT = "%1$tFT%1$tT.%1$tL %4$s %3$s: %5$s%6$s%n";

  /** java.util.logging holds loggers weakly: a level set on one is lost with it. */
  private static final Logger OURS = Logger.getLogger("colabfs");

  private static final Logger SSHD = Logger.getLogger("org.apache.sshd");

  private final Path file;
  private long writtenBytes;

  private MountLog(Path file) throws IOException {
    this.file = file;
    System.setProperty(FORMAT_PROPERTY, FORMAT); // the formatter has no other setting
    setFormatter(new SimpleFormatter());
    setLevel(Level.ALL);
    open();
  }

  /** Where a mount's log is. */
  static Path file(Map<String, String> environment, String profile, Path mountpoint)
      throws IOException {
    Path state = RuntimeDirectory.makePrivate(RuntimeDirectory.stateDirectory(environment));
    return RuntimeDirectory.makePrivate(state.resolve("logs"))
        .resolve(profile + "-" + RunningMounts.shortName(mountpoint) + ".log");
  }

  /** Sends all of this process's logging to the mount's file. */
  static void toFile(Path file, boolean debug) throws IOException {
    install(new MountLog(file), debug);
  }

  /** Sends all of this process's logging to standard error. */
  static void toStandardError(boolean debug) {
    System.setProperty(FORMAT_PROPERTY, FORMAT);
    ConsoleHandler console = new ConsoleHandler();
    console.setLevel(Level.ALL);
    install(console, debug);
  }

  private static void install(Handler handler, boolean debug) {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.INFO);
    OURS.setLevel(debug ? Level.FINE : Level.INFO);
    // The library warns of what we handle; its INFO is about every channel.
    SSHD.setLevel(debug ? Level.INFO : Level.WARNING);
    root.addHandler(handler);
  }

  @Override
  public synchronized void publish(LogRecord record) {
    if (!isLoggable(record)) {
      return;
    }
    super.publish(record);
    flush();
    if (writtenBytes > MAX_BYTES) {
      rotate();
    }
  }

  private void rotate() {
    try {
      Files.move(
          file,
          file.resolveSibling(file.getFileName() + ".1"),
          StandardCopyOption.REPLACE_EXISTING);
      open();
    } catch (IOException e) {
      writtenBytes = 0;
      reportError("rotate", e, java.util.logging.ErrorManager.GENERIC_FAILURE);
    }
  }

  private void open() throws IOException {
    PrivateFile.make(file);
    writtenBytes = Files.size(file);
    setOutputStream(new Counting(Files.newOutputStream(file, StandardOpenOption.APPEND)));
  }

  /** Knows how long the file is. */
  private final class Counting extends OutputStream {
    private final OutputStream out;

    Counting(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      writtenBytes++;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      writtenBytes += length;
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}
