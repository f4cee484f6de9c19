package colabfs.doctor;

import colabfs.control.Command;
import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.control.ExecSession;
import colabfs.core.RemotePath;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecOptions;
import colabfs.exec.ExecSignal;
import colabfs.machine.MachineFigures;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The connection of a mount, which may be the only one that the runtime takes. */
record MountLine(ControlClient mount) implements Line {
  private static final int PIPE_BYTES = 1 << 20;

  /** It ends with this program, and is in no list of jobs. */
  private static final ExecOptions PASSING = new ExecOptions(Map.of(), null, false, false);

  @Override
  public Talk start(String script, Duration patience) throws IOException {
    Running running = new Running();
    try {
      running.begin(
          mount.exec(
              new Command(List.of("/bin/sh", "-c", script), RemotePath.ROOT, "/", false, PASSING),
              new ExecIo(running.inThere, running.outThere, OutputStream.nullOutputStream()),
              left -> {}));
      return running;
    } catch (ControlException e) {
      throw new IOException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public MachineFigures machine() throws IOException {
    try {
      return mount.machine();
    } catch (ControlException e) {
      throw new IOException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Both streams, joined with the mount's by pipes. */
  private static final class Running implements Talk {
    private final PipedOutputStream in = new PipedOutputStream();
    private final InputStream inThere = new PipedInputStream(in, PIPE_BYTES);
    private final PipedInputStream out = new PipedInputStream(PIPE_BYTES);
    private final OutputStream outThere = new PipedOutputStream(out);
    private volatile @Nullable ExecSession session;
    private volatile @Nullable String failure;

    Running() throws IOException {}

    void begin(ExecSession begun) {
      session = begun;
      Thread thread =
          new Thread(
              () -> {
                try (outThere) {
                  var unused = begun.await();
                } catch (ControlException | IOException e) {
                  failure = e.getMessage();
                }
              },
              "colabfs-doctor-output");
      thread.setDaemon(true);
      thread.start();
    }

    @Override
    public OutputStream in() {
      return in;
    }

    @Override
    public InputStream out() {
      return new java.io.FilterInputStream(out) {
        @Override
        public int read(byte[] into, int offset, int count) throws IOException {
          int read = super.read(into, offset, count);
          String why = failure;
          if (read < 0 && why != null) {
            throw new IOException(why);
          }
          return read;
        }
      };
    }

    @Override
    public void close() {
      ExecSession begun = session;
      if (begun != null) {
        begun.signal(ExecSignal.KILL);
      }
      try {
        in.close();
        out.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException("pipes in memory do not fail", e);
      }
    }
  }
}
