package colabfs.ssh;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a person is asked while connecting, with a clock that stands still meanwhile: nobody is to
 * lose a connection because they looked for a password.
 *
 * <p>Threading: any thread.
 */
final class Prompts {
  private final HostKeyPrompt hostKeys;
  private final SecretPrompt secrets;
  private final LongSupplier nanoTime;
  private final AtomicLong spentNanos = new AtomicLong();

  /** When the present question was asked, or 0. */
  private final AtomicLong askedAt = new AtomicLong();

  Prompts(HostKeyPrompt hostKeys, SecretPrompt secrets, LongSupplier nanoTime) {
    this.hostKeys = hostKeys;
    this.secrets = secrets;
    this.nanoTime = nanoTime;
  }

  boolean acceptHostKey(HostKey key) {
    return timed(() -> hostKeys.accept(key.line(), key.fingerprint()));
  }

  @Nullable String secret(String text) {
    char[] answer = this.<char @Nullable []>timed(() -> secrets.ask(text));
    if (answer == null) {
      return null;
    }
    String secret = new String(answer);
    Arrays.fill(answer, '\0');
    return secret;
  }

  /** Time that went by without a question standing. */
  long workNanos() {
    long now = nanoTime.getAsLong();
    long asked = askedAt.get();
    return now - spentNanos.get() - (asked == 0 ? 0 : now - asked);
  }

  /** Waits for something of the user's own that may wait for a person, as a password manager. */
  <T extends @Nullable Object> T timed(Supplier<T> question) {
    long start = nanoTime.getAsLong();
    askedAt.set(start);
    try {
      return question.get();
    } finally {
      spentNanos.addAndGet(nanoTime.getAsLong() - start);
      askedAt.set(0);
    }
  }
}
