package colabfs.fs;

import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Puts changes of the same name in order, so that what is remembered of it afterwards is what the
 * runtime did last. Looking at names takes none of these locks. See docs/LOCKS.md.
 */
final class NameLocks {
  private static final int STRIPES = 1024;

  private final Patience patience;

  /** Shared by changes of single names, alone for a directory that moves with all below it. */
  private final ReadWriteLock tree = new ReentrantReadWriteLock();

  private final Lock[] stripes =
      IntStream.range(0, STRIPES).mapToObj(any -> new ReentrantLock()).toArray(Lock[]::new);

  NameLocks(Patience patience) {
    this.patience = patience;
  }

  /** Does something while no other change of that name is under way. */
  <T> T with(RemotePath path, Edge.Call<T> call) throws FsException {
    return with(tree.readLock(), new int[] {stripe(path)}, call);
  }

  /** Does something while no other change of either name is under way. */
  void with(RemotePath one, RemotePath other, Edge.Action action) throws FsException {
    int[] both = IntStream.of(stripe(one), stripe(other)).sorted().distinct().toArray();
    with(tree.readLock(), both, asCall(action));
  }

  /** Does something while no other change at all is under way. */
  void alone(Edge.Action action) throws FsException {
    with(tree.writeLock(), new int[0], asCall(action));
  }

  private <T> T with(Lock whole, int[] numbers, Edge.Call<T> call) throws FsException {
    Lock[] locks =
        Stream.concat(Stream.of(whole), IntStream.of(numbers).mapToObj(number -> stripes[number]))
            .toArray(Lock[]::new);
    int held = 0;
    try {
      for (Lock lock : locks) {
        patience.lock(lock);
        held++;
      }
      return call.run();
    } finally {
      while (held > 0) {
        locks[--held].unlock();
      }
    }
  }

  private static Edge.Call<Boolean> asCall(Edge.Action action) {
    return () -> {
      action.run();
      return true;
    };
  }

  private static int stripe(RemotePath path) {
    int hash = path.hashCode();
    return (hash ^ (hash >>> 16)) & (STRIPES - 1);
  }
}
