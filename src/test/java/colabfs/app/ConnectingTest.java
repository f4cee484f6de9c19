package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.control.LaunchPipe.Person;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ConnectingTest {
  private final AtomicInteger questions = new AtomicInteger();
  private final CompletableFuture<Boolean> accepted = new CompletableFuture<>();
  private final CompletableFuture<Void> begun = new CompletableFuture<>();

  private final Person person =
      new Person() {
        @Override
        public boolean acceptsHostKey(String keyLine, String fingerprint) {
          questions.incrementAndGet();
          return true;
        }

        @Override
        public char @Nullable [] secret(String prompt) {
          questions.incrementAndGet();
          return "secret".toCharArray();
        }
      };

  /** A server that is refused in the end, whatever the answer. */
  private Connecting begin() {
    return Connecting.begin(
        asked -> {
          begun.complete(null);
          accepted.complete(asked.acceptsHostKey("ssh-ed25519 AAAA", "SHA256:x"));
          throw new AppException("refused");
        },
        person);
  }

  @Test
  void nobodyIsAsked_beforeThereCanBeAMount() throws Exception {
    try (Connecting connecting = begin()) {
      begun.get(10, TimeUnit.SECONDS);
      assertThat(questions).hasValue(0);
      assertThatThrownBy(connecting::await).isInstanceOf(AppException.class).hasMessage("refused");
      assertThat(accepted).isCompletedWithValue(true);
      assertThat(questions).hasValue(1);
    }
  }

  @Test
  void givenUp_answersNo() throws Exception {
    try (Connecting connecting = begin()) {
      begun.get(10, TimeUnit.SECONDS);
      assertThat(connecting).isNotNull();
    }
    assertThat(accepted.get(10, TimeUnit.SECONDS)).isFalse();
    assertThat(questions).hasValue(0);
  }
}
