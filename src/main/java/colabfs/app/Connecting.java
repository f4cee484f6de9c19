package colabfs.app;

import colabfs.control.LaunchPipe.Person;
import colabfs.profile.ProfileException;
import colabfs.ssh.SshRemote;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is made while its owner looks whether there can be a mount at all: most of both
 * is waiting. Nobody is asked anything before the owner has found that there can.
 *
 * <p>Threading: one thread of its own; the owner calls {@link #await} once, or only {@link #close}.
 */
final class Connecting implements AutoCloseable {
  private final CompletableFuture<SshRemote> made = new CompletableFuture<>();
  private final CompletableFuture<Void> wanted = new CompletableFuture<>();
  private final Thread thread;
  private boolean taken;

  /** What makes it, waiting for the network and for the person. */
  interface Way {
    SshRemote connect(Person person) throws AppException, ProfileException, IOException;
  }

  private Connecting(Way way, Person person) {
    this.thread = new Thread(() -> run(way, person), "colabfs-connect");
    thread.setDaemon(true);
  }

  static Connecting begin(Way way, Person person) {
    Connecting connecting = new Connecting(way, person);
    connecting.thread.start();
    return connecting;
  }

  private void run(Way way, Person person) {
    try {
      made.complete(way.connect(new Patient(person)));
    } catch (AppException | ProfileException | IOException | RuntimeException e) {
      made.completeExceptionally(e);
    }
  }

  /** There can be a mount: waits for the connection, which is the caller's then. */
  SshRemote await() throws AppException, ProfileException, IOException {
    wanted.complete(null);
    try {
      SshRemote remote = made.get();
      taken = true;
      return remote;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AppException("connecting was interrupted; try again", e);
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    }
  }

  private static AppException rethrown(@Nullable Throwable cause)
      throws AppException, ProfileException, IOException {
    if (cause instanceof AppException known) {
      throw known;
    }
    if (cause instanceof ProfileException known) {
      throw known;
    }
    if (cause instanceof IOException known) {
      throw known;
    }
    if (cause instanceof RuntimeException known) {
      throw known;
    }
    throw new IllegalStateException(cause);
  }

  /** Gives up a connection that nobody has taken. Does not wait. */
  @Override
  public void close() {
    if (!taken) {
      wanted.cancel(false);
      thread.interrupt();
      CompletableFuture<Void> unused = made.thenAccept(SshRemote::close);
    }
  }

  /** Is asked nothing before it is known that there is a reason to. */
  private final class Patient implements Person {
    private final Person person;

    Patient(Person person) {
      this.person = person;
    }

    @Override
    public boolean acceptsHostKey(String keyLine, String fingerprint) {
      return isWanted() && person.acceptsHostKey(keyLine, fingerprint);
    }

    @Override
    public char @Nullable [] secret(String prompt) {
      return isWanted() ? person.secret(prompt) : null;
    }

    private boolean isWanted() {
      try {
        wanted.join();
        return true;
      } catch (CancellationException | CompletionException e) {
        return false;
      }
    }
  }
}
