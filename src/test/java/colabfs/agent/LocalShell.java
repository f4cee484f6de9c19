package colabfs.agent;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/** Runs commands on this machine; what they print can be changed on its way. */
final class LocalShell implements RemoteShell {
  private final List<Process> processes = new CopyOnWriteArrayList<>();
  private volatile UnaryOperator<String> rewrite = line -> line;
  private volatile UnaryOperator<InputStream> stdout = in -> in;

  /** Commands from now on are these instead. */
  void rewrite(UnaryOperator<String> change) {
    rewrite = change;
  }

  /** What commands print from now on goes through this. */
  void through(UnaryOperator<InputStream> change) {
    stdout = change;
  }

  /** Every process that was started, oldest first. */
  List<Process> processes() {
    return processes;
  }

  Process last() {
    return processes.get(processes.size() - 1);
  }

  @Override
  public CompletableFuture<RemoteProcess> start(String commandLine) {
    try {
      Process process = new ProcessBuilder("/bin/sh", "-c", rewrite.apply(commandLine)).start();
      processes.add(process);
      return CompletableFuture.completedFuture(
          new Local(process, stdout.apply(process.getInputStream())));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(new FsException(Errno.EACCES, "no shell", e));
    }
  }

  private record Local(Process process, InputStream stdout) implements RemoteProcess {
    @Override
    public OutputStream stdin() {
      return process.getOutputStream();
    }

    @Override
    public InputStream stderr() {
      return process.getErrorStream();
    }

    @Override
    public CompletableFuture<ExitStatus> exit() {
      return process.onExit().thenApply(ended -> new ExitStatus(ended.exitValue(), ""));
    }

    /** As a server does: the command's input ends. */
    @Override
    public void close() {
      try {
        process.getOutputStream().close();
      } catch (IOException e) {
        process.destroy(); // it was gone already
      }
    }
  }
}
