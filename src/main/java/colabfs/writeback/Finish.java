package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.remote.RemoteFile;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The length, mode, owner and times of a file whose content is on its way. They are sent behind the
 * last of it and cost no round trip of their own. A server may work out of order, so that a write
 * sets the times anew: where the answer did not come behind all those of the content, they are sent
 * again.
 *
 * <p>Threading: the uploader's thread.
 */
final class Finish {
  private final Carrier carrier;
  private final RemoteFile file;
  private final @Nullable AttrChange length;
  private final AttrChange attributes;

  private @Nullable CompletableFuture<Void> answer;
  private boolean answered;

  /**
   * @param length null where the content's end is the file's
   */
  Finish(Carrier carrier, RemoteFile file, @Nullable AttrChange length, AttrChange attributes) {
    this.carrier = carrier;
    this.file = file;
    this.length = length;
    this.attributes = attributes;
  }

  /** All of the content is on its way. */
  void send() {
    answer = request().whenCompleteAsync((done, failure) -> answered = true, carrier);
  }

  /** All of the content has just arrived, on this very thread. Fails where the server refuses. */
  CompletableFuture<Void> end() {
    CompletableFuture<Void> sent = answer;
    return sent == null || answered ? request() : sent;
  }

  private CompletableFuture<Void> request() {
    List<CompletableFuture<?>> answers = new ArrayList<>();
    if (length != null) {
      answers.add(file.fsetattr(length));
    }
    answers.add(file.fsetattr(attributes));
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new));
  }
}
