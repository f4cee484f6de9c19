package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A runtime that takes every liberty that {@link RemoteFs} leaves: what is in flight takes effect
 * in any order, is answered in any order, and is carried out, half carried out or lost when the
 * connection goes. Threading: any thread.
 */
final class DisorderlyRemote implements RemoteFs {
  private final FakeRemoteFs fake;
  private final Random random;
  private final List<Call<?>> calls = new ArrayList<>();
  private boolean prompt;
  private int refusals;

  DisorderlyRemote(FakeRemoteFs fake, Random random) {
    this.fake = fake;
    this.random = random;
  }

  /** Whether calls are answered before they return. */
  synchronized void prompt(boolean prompt) {
    this.prompt = prompt;
  }

  /** The next writes that take effect end with ENOSPC, having done some of it. */
  synchronized void refuse(int count) {
    refusals = count;
  }

  /** Carries out, or answers, one call in flight; false when there is none. */
  boolean step() {
    Call<?> call;
    synchronized (this) {
      if (calls.isEmpty()) {
        return false;
      }
      call = calls.get(random.nextInt(calls.size()));
      call.carryOut();
      if (random.nextInt(3) == 0) {
        return true; // done, but the answer is still on its way
      }
      calls.remove(call);
    }
    call.answer();
    return true;
  }

  /** The connection goes; {@link FakeRemoteFs#reconnect} brings the next. */
  void cut() {
    List<Call<?>> lost;
    synchronized (this) {
      lost = new ArrayList<>(calls);
      calls.clear();
      for (Call<?> call : lost) {
        if (call.isCarriedOut()) {
          continue; // the answer came just before, or it is an earlier connection's
        }
        switch (random.nextInt(4)) {
          case 0 -> {}
          case 1 -> call.half.run();
          case 2 -> call.carryOut();
          default -> {
            call.carryOut();
            continue;
          }
        }
        call.lose();
      }
      fake.disconnect();
      Collections.shuffle(lost, random);
      while (!lost.isEmpty() && random.nextInt(4) > 0) {
        calls.add(lost.remove(0)); // told of it later, perhaps on the next connection
      }
    }
    lost.forEach(Call::answer);
  }

  private static FsException lost() {
    return new FsException(Errno.ENOTCONN, "the link went");
  }

  private <T> CompletableFuture<T> call(Supplier<CompletableFuture<T>> whole, Runnable half) {
    Call<T> call = new Call<>(whole, half);
    synchronized (this) {
      if (!prompt) {
        calls.add(call);
        return call.future;
      }
      call.carryOut();
    }
    call.answer();
    return call.future;
  }

  private <T> CompletableFuture<T> call(Supplier<CompletableFuture<T>> whole) {
    return call(whole, () -> {});
  }

  private static final class Call<T> {
    final CompletableFuture<T> future = new CompletableFuture<>();
    private final Supplier<CompletableFuture<T>> whole;
    private final Runnable half;
    private CompletableFuture<T> outcome = future;

    Call(Supplier<CompletableFuture<T>> whole, Runnable half) {
      this.whole = whole;
      this.half = half;
    }

    void carryOut() {
      if (!isCarriedOut()) {
        outcome = whole.get();
      }
    }

    boolean isCarriedOut() {
      return outcome != future;
    }

    void lose() {
      outcome = CompletableFuture.failedFuture(lost());
    }

    void answer() {
      var unused =
          outcome.whenComplete(
              (value, error) -> {
                if (error == null) {
                  future.complete(value);
                } else {
                  future.completeExceptionally(error);
                }
              });
    }
  }

  @Override
  public CompletableFuture<FileAttrs> lstat(RemotePath path) {
    return call(() -> fake.lstat(path));
  }

  @Override
  public CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    return call(() -> fake.open(path, flags, permissions).thenApply(DisorderlyFile::new));
  }

  /** A handle whose calls go through the disorder, until it is dead: then they fail at once. */
  private final class DisorderlyFile implements RemoteFile {
    private final RemoteFile file;

    DisorderlyFile(RemoteFile file) {
      this.file = file;
    }

    private boolean isDead() {
      return file.fstat().isCompletedExceptionally();
    }

    private <T> CompletableFuture<T> alive(Supplier<CompletableFuture<T>> call) {
      return isDead() ? CompletableFuture.failedFuture(lost()) : call.get();
    }

    @Override
    public CompletableFuture<Void> write(long offset, ByteBuffer content) {
      return alive(
          () -> call(() -> refusedOrWritten(offset, content), () -> half(offset, content)));
    }

    private CompletableFuture<Void> refusedOrWritten(long offset, ByteBuffer content) {
      if (refusals > 0) {
        refusals--;
        half(offset, content);
        return CompletableFuture.failedFuture(new FsException(Errno.ENOSPC, "full"));
      }
      return file.write(offset, content.duplicate());
    }

    private void half(long offset, ByteBuffer content) {
      int length = random.nextInt(content.remaining());
      file.write(offset, content.slice(content.position(), length)).join();
    }

    @Override
    public CompletableFuture<Void> fsync() {
      return alive(() -> call(file::fsync));
    }

    @Override
    public CompletableFuture<FileAttrs> fstat() {
      return alive(() -> call(file::fstat));
    }

    @Override
    public CompletableFuture<Void> fsetattr(AttrChange change) {
      return alive(() -> call(() -> file.fsetattr(change)));
    }

    @Override
    public CompletableFuture<Void> close() {
      return file.close();
    }

    @Override
    public CompletableFuture<ByteBuffer> read(long offset, int lengthBytes) {
      throw new UnsupportedOperationException();
    }
  }

  // Nothing else is asked of it.

  @Override
  public CompletableFuture<List<DirEntry>> list(RemotePath directory) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<String> readlink(RemotePath link) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> mkdir(RemotePath directory, int permissions) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> rmdir(RemotePath directory) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> unlink(RemotePath file) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> rename(RemotePath from, RemotePath to) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> renameNew(RemotePath from, RemotePath to) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> symlink(String target, RemotePath link) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> link(RemotePath existing, RemotePath link) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> setattr(RemotePath path, AttrChange change) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<FsStats> statvfs(RemotePath path) {
    throw new UnsupportedOperationException();
  }
}
