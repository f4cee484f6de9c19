package colabfs.fs;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/**
 * Questions that are on their way, so that whoever asks the same gets the same answer. Threading:
 * any thread, no lock.
 */
final class InFlight<K, V> {
  private final ConcurrentMap<K, CompletableFuture<V>> asked = new ConcurrentHashMap<>();

  /** The answer on its way to that question, or the one to be had by asking now. */
  CompletableFuture<V> share(K question, Supplier<CompletableFuture<V>> ask) {
    CompletableFuture<V> mine = new CompletableFuture<>();
    CompletableFuture<V> theirs = asked.putIfAbsent(question, mine);
    if (theirs != null) {
      return theirs;
    }
    var unused =
        ask.get()
            .whenComplete(
                (value, failure) -> {
                  asked.remove(question, mine);
                  if (failure == null) {
                    mine.complete(value);
                  } else {
                    mine.completeExceptionally(failure);
                  }
                });
    return mine;
  }

  boolean contains(K question) {
    return asked.containsKey(question);
  }

  /** From now on every question is asked anew; who waits already keeps waiting. */
  void forget() {
    asked.clear();
  }

  /** The next one asks this question anew. */
  void forget(K question) {
    asked.remove(question);
  }
}
