package colabfs.exec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class InputFeedTest {
  private final BlockingQueue<CompletableFuture<Long>> answers = new LinkedBlockingQueue<>();

  private final InputFeed feed =
      new InputFeed(
          (offset, end, bytes) -> {
            CompletableFuture<Long> answer = new CompletableFuture<>();
            answers.add(answer);
            return answer;
          },
          words -> {});

  @Test
  void taken_endsWhenTheLastPieceWasTaken() throws Exception {
    try (PipedOutputStream typed = new PipedOutputStream();
        InputStream in = new PipedInputStream(typed)) {
      feed.connected();
      feed.begin(0, in);
      assertThat(feed.taken().get(20, TimeUnit.SECONDS)).isNull();
      typed.write('x');
      typed.flush();
      CompletableFuture<Long> answer = answers.take();
      CompletableFuture<Void> taken = feed.taken();
      assertThat(taken).isNotDone();
      answer.complete(1L);
      assertThat(taken.get(20, TimeUnit.SECONDS)).isNull();
      feed.stop();
    }
  }

  @Test
  void taken_ofWhatIsNotWantedAnyMore_ends() throws Exception {
    try (PipedOutputStream typed = new PipedOutputStream();
        InputStream in = new PipedInputStream(typed)) {
      feed.connected();
      feed.begin(0, in);
      typed.write('x');
      typed.flush();
      answers.take();
      CompletableFuture<Void> taken = feed.taken();
      assertThat(taken).isNotDone();
      feed.stop();
      assertThat(taken.get(20, TimeUnit.SECONDS)).isNull();
    }
  }
}
