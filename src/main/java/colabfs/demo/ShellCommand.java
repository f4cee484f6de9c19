package colabfs.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.Signal;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.jspecify.annotations.Nullable;

/**
 * One command line run by {@code /bin/sh -c}, as sshd runs it: its input, output and error output
 * are the channel's, signals go to its whole process group, and it is killed when the channel
 * closes.
 *
 * <p>Threading: MINA calls it from its own threads, which wait only while kill(1) runs; each stream
 * has a thread.
 */
final class ShellCommand implements Command {
  private static final System.Logger LOG = System.getLogger(ShellCommand.class.getName());

  /** Gives the command a process group of its own, so that its children are reached too. */
  private static final Path SETSID = Path.of("/usr/bin/setsid");

  private static final int BUFFER_BYTES = 32 * 1024;

  private final String line;
  private final Path home;

  private InputStream in = InputStream.nullInputStream();
  private OutputStream out = OutputStream.nullOutputStream();
  private OutputStream err = OutputStream.nullOutputStream();
  private @Nullable ExitCallback exit;
  private @Nullable Process process;

  ShellCommand(String line, Path home) {
    this.line = line;
    this.home = home;
  }

  @Override
  public void setInputStream(InputStream stream) {
    in = stream;
  }

  @Override
  public void setOutputStream(OutputStream stream) {
    out = stream;
  }

  @Override
  public void setErrorStream(OutputStream stream) {
    err = stream;
  }

  @Override
  public void setExitCallback(ExitCallback callback) {
    exit = callback;
  }

  @Override
  public void start(ChannelSession channel, Environment environment) throws IOException {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(SETSID)) {
      command.add(SETSID.toString());
    }
    command.addAll(List.of("/bin/sh", "-c", line));
    ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
    Map<String, String> variables = builder.environment();
    variables.keySet().removeIf(ShellCommand::isOurs);
    variables.putAll(environment.getEnv());
    variables.put("HOME", home.toString());
    Process started = builder.start();
    process = started;
    environment.addSignalListener((ignored, signal) -> kill(started, nameOf(signal)));

    daemon("stdin", () -> copy(in, started.getOutputStream(), true));
    Thread errors = daemon("stderr", () -> copy(started.getErrorStream(), err, false));
    daemon(
        "stdout",
        () -> {
          copy(started.getInputStream(), out, false);
          reportExit(started, errors);
        });
  }

  @Override
  public void destroy(ChannelSession channel) {
    if (process != null && process.isAlive()) {
      kill(process, "KILL");
    }
  }

  private void reportExit(Process ended, Thread errors) {
    try {
      errors.join();
      int status = ended.waitFor();
      if (exit != null) {
        exit.onExit(status);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What the demonstration set for its own commands is not the runtime's. */
  private static boolean isOurs(String variable) {
    return variable.startsWith("XDG_") || variable.startsWith("COLABFS_");
  }

  private static String nameOf(Signal signal) {
    return signal.name().replaceFirst("^SIG", "");
  }

  private static void kill(Process process, String signal) {
    try {
      Process kill = new ProcessBuilder("kill", "-" + signal, "--", "-" + process.pid()).start();
      if (kill.waitFor() != 0) {
        process.destroyForcibly(); // it leads no group: there is no setsid here
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "could not send a signal to " + process, e);
      process.destroyForcibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Thread daemon(String name, Runnable body) {
    Thread thread = new Thread(body, "runtime-" + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void copy(InputStream from, OutputStream to, boolean closeTarget) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        to.write(buffer, 0, n);
        to.flush();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "one end of a command's stream went", e);
    } finally {
      if (closeTarget) {
        closeQuietly(to);
      }
    }
  }

  private static void closeQuietly(OutputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the command had closed its input", e);
    }
  }
}
