package colabfs.doctor;

import colabfs.core.FsException;
import colabfs.machine.Machine;
import colabfs.machine.MachineFigures;
import colabfs.remote.RemoteProcess;
import colabfs.ssh.SshRemote;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A connection that was made for the examination. */
record OwnLine(SshRemote remote) implements Line {

  @Override
  public Talk start(String script, Duration patience) throws IOException {
    CompletableFuture<RemoteProcess> started =
        remote.shell().start("exec /bin/sh -c '" + script + "'");
    try {
      return new Running(started.get(patience.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException e) {
      String why = e.getCause() instanceof FsException known ? known.getMessage() : e.getMessage();
      throw new IOException("no command can be started: " + why, e);
    } catch (TimeoutException e) {
      var unused = started.thenAccept(RemoteProcess::close);
      throw new IOException(
          "no command was started within %d s".formatted(patience.toSeconds()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  @Override
  public MachineFigures machine() throws IOException {
    try {
      return new Machine(remote::shell, remote::root, InstantSource.system()).ask();
    } catch (FsException e) {
      throw new IOException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Its process. */
  private record Running(RemoteProcess process) implements Talk {
    @Override
    public OutputStream in() {
      return process.stdin();
    }

    @Override
    public InputStream out() {
      return process.stdout();
    }

    @Override
    public void close() {
      process.close();
    }
  }
}
