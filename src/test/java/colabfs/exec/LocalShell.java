package colabfs.exec;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Runs command lines on this machine as sshd does: the login's shell in a session of its own. */
final class LocalShell implements RemoteShell {
  private final String shell;
  private final Map<String, String> environment;
  final List<Process> started = new ArrayList<>();

  LocalShell(String shell, Map<String, String> environment) {
    this.shell = shell;
    this.environment = environment;
  }

  @Override
  public synchronized CompletableFuture<RemoteProcess> start(String commandLine) {
    try {
      ProcessBuilder builder = new ProcessBuilder("setsid", shell, "-c", commandLine);
      builder.environment().clear();
      builder.environment().put("SHELL", shell);
      builder.environment().put("PATH", System.getenv("PATH"));
      builder.environment().putAll(environment);
      Process process = builder.start();
      started.add(process);
      return CompletableFuture.completedFuture(new LocalProcess(process));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(new FsException(Errno.ENOTCONN, "no " + shell, e));
    }
  }

  private record LocalProcess(Process process) implements RemoteProcess {
    @Override
    public OutputStream stdin() {
      return process.getOutputStream();
    }

    @Override
    public InputStream stdout() {
      return process.getInputStream();
    }

    @Override
    public InputStream stderr() {
      return process.getErrorStream();
    }

    @Override
    public CompletableFuture<ExitStatus> exit() {
      return process.onExit().thenApply(ended -> new ExitStatus(ended.exitValue(), ""));
    }

    @Override
    public void close() {
      // As a channel without a terminal: the command is not told.
    }
  }
}
