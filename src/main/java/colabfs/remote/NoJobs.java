package colabfs.remote;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * No jobs, ever.
 *
 * @param reason why, in words for a person
 */
public record NoJobs(String reason) implements RemoteJobs {

  private <T> CompletableFuture<T> none() {
    return CompletableFuture.failedFuture(new FsException(Errno.EOPNOTSUPP, reason));
  }

  @Override
  public State state() {
    return State.ABSENT;
  }

  @Override
  public CompletableFuture<State> settled() {
    return CompletableFuture.completedFuture(State.ABSENT);
  }

  @Override
  public CompletableFuture<Void> ready() {
    return none();
  }

  @Override
  public CompletableFuture<Void> start(Start start) {
    return none();
  }

  @Override
  public Attachment attach(
      String id, long stdoutOffset, long stderrOffset, int windowBytes, Output output) {
    CompletableFuture<Ended> ended = none();
    return new Attachment() {
      @Override
      public CompletableFuture<Ended> ended() {
        return ended;
      }

      @Override
      public void grant(int bytes) {}

      @Override
      public void close() {}
    };
  }

  @Override
  public CompletableFuture<Long> input(String id, long offset, boolean end, ByteBuffer bytes) {
    return none();
  }

  @Override
  public CompletableFuture<Long> type(String id, long typist, long offset, ByteBuffer bytes) {
    return none();
  }

  @Override
  public CompletableFuture<Offsets> since(String id, Instant when) {
    return none();
  }

  @Override
  public CompletableFuture<Offsets> since(String id, Duration before) {
    return none();
  }

  @Override
  public CompletableFuture<Void> signal(String id, String signal) {
    return none();
  }

  @Override
  public CompletableFuture<Void> resize(String id, int rows, int columns) {
    return none();
  }

  @Override
  public CompletableFuture<List<RemoteJob>> list() {
    return none();
  }

  @Override
  public CompletableFuture<Void> remove(String id) {
    return none();
  }
}
