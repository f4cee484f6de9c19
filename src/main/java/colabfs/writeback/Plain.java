package colabfs.writeback;

import java.util.concurrent.CompletableFuture;

/** Failures as the ports promise them: what went wrong itself, in no wrapping. No state. */
final class Plain {
  private Plain() {}

  static <T> CompletableFuture<T> of(CompletableFuture<T> answer) {
    if (answer.isDone() && !answer.isCompletedExceptionally()) {
      return answer;
    }
    CompletableFuture<T> plain = new CompletableFuture<>();
    var unused =
        answer.whenComplete(
            (value, failure) -> {
              if (failure == null) {
                plain.complete(value);
              } else {
                plain.completeExceptionally(Reopening.reason(failure));
              }
            });
    return plain;
  }
}
