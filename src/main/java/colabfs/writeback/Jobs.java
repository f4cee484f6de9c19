package colabfs.writeback;

import colabfs.core.RemotePath;
import colabfs.writeback.PendingChange.Kind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The jobs that are not done, in order, and which has to wait for which: one waits for every
 * earlier one that is about the same name, about a directory above it, or about something below it
 * where it concerns a directory. Threading: guarded by the lock of the {@link Journal} that it
 * belongs to.
 */
final class Jobs {
  private final Map<Long, Job> byNumber = new HashMap<>();
  private final NavigableMap<Long, Job> ordered = new TreeMap<>();
  private final NavigableMap<Long, Job> ready = new TreeMap<>();
  private final NavigableMap<Long, Job> following = new TreeMap<>();
  private final NavigableMap<Long, Job> showing = new TreeMap<>();

  /** Those that show content and of which the runtime was told, until it has answered. */
  private final NavigableMap<Long, Job> told = new TreeMap<>();

  private final Map<RemotePath, Set<Job>> at = new HashMap<>();
  private final Map<RemotePath, Set<Job>> below = new HashMap<>();
  private long lastNumber;
  private long lastOrder;
  private long bytes;

  long lastNumber() {
    return lastNumber;
  }

  long nextNumber() {
    return ++lastNumber;
  }

  @Nullable Job get(long number) {
    return byNumber.get(number);
  }

  /** In the order in which programs made them. */
  Collection<Job> all() {
    return ordered.values();
  }

  /** The first that can be carried out, or is being; it waits for no other. */
  @Nullable Job first() {
    return ordered.values().stream().filter(job -> !job.held).findFirst().orElse(null);
  }

  boolean isEmpty() {
    return ordered.isEmpty();
  }

  int count() {
    return ordered.size();
  }

  /** Of all content that they carry. */
  long bytes() {
    return bytes;
  }

  /** Whether one of them brings that content. */
  boolean carry(Layer layer) {
    return ordered.values().stream().anyMatch(job -> job.layer == layer);
  }

  /** So many bytes more are in the content that one of them carries. */
  void grew(long moreBytes) {
    bytes += moreBytes;
  }

  /** Those that wait for no other, in order; refused ones are not among them. */
  Collection<Job> ready() {
    return ready.values();
  }

  /** Those that only wait for what a helper has, which they may follow there, in order. */
  Collection<Job> following() {
    return following.values();
  }

  /** The last job that is about that very name. */
  @Nullable Job lastAt(RemotePath path) {
    Job last = null;
    for (Job job : at.getOrDefault(path, Set.of())) {
      last = last == null || job.order > last.order ? job : last;
    }
    return last;
  }

  boolean hasBelow(RemotePath directory) {
    return !below.getOrDefault(directory, Set.of()).isEmpty();
  }

  /** Adds it at the end. */
  void add(Job job) {
    byNumber.put(job.number, job);
    bytes += job.bytes();
    if (job.file != null) {
      job.file.jobs++;
    }
    for (Job earlier : inTheWayOf(job)) {
      job.waitsFor.add(earlier);
      earlier.waiters.add(job);
      if (earlier.handed && mayFollow(job, earlier)) {
        job.follows.add(earlier);
      }
      job.held |= earlier.held;
    }
    index(job);
    job.order = ++lastOrder;
    ordered.put(job.order, job);
    if (job.shows()) {
      showing.put(job.order, job);
    }
    sort(job);
  }

  /** It grew: its turn is after all others. Nothing waits for it. */
  void moveToEnd(Job job) {
    if (job.order == lastOrder) {
      return;
    }
    takeOut(job);
    job.order = ++lastOrder;
    ordered.put(job.order, job);
    if (job.shows()) {
      showing.put(job.order, job);
    }
    sort(job);
  }

  /** It is done, or was dropped. */
  void remove(Job job) {
    job.state = Job.State.GONE;
    bytes -= job.bytes();
    if (job.file != null) {
      job.file.jobs--;
    }
    job.endWaiting();
    byNumber.remove(job.number);
    takeOut(job);
    unindex(job);
    for (Job waiter : job.waiters) {
      waiter.waitsFor.remove(job);
      waiter.follows.remove(job);
      sort(waiter);
    }
    for (Job earlier : job.waitsFor) {
      earlier.waiters.remove(job);
    }
    job.waiters.clear();
    job.waitsFor.clear();
    job.follows.clear();
  }

  private void takeOut(Job job) {
    ordered.remove(job.order);
    ready.remove(job.order);
    following.remove(job.order);
    showing.remove(job.order);
    told.remove(job.order);
  }

  /** Its state changed. */
  void sort(Job job) {
    boolean waits = job.state == Job.State.WAITING;
    place(ready, job, waits && job.waitsFor.isEmpty());
    place(following, job, waits && job.mayFollow() && !job.waitsFor.isEmpty());
  }

  private static void place(NavigableMap<Long, Job> among, Job job, boolean belongs) {
    if (belongs) {
      among.put(job.order, job);
    } else {
      among.remove(job.order);
    }
  }

  /**
   * Whether a helper, which makes changes in the order in which it gets them, may be handed a job
   * before it has answered an earlier one: only where the later one fails by itself when the
   * earlier one did, and does no harm when it does not. What is made in a directory that is made is
   * so, and the removal of a directory after what was in it.
   */
  private static boolean mayFollow(Job job, Job earlier) {
    return switch (earlier.kind) {
      case MKDIR -> isMade(job) && isBelow(job.path, earlier.path);
      case UNLINK, RMDIR -> job.kind == Kind.RMDIR && isBelow(earlier.path, job.path);
      default -> false;
    };
  }

  private static boolean isMade(Job job) {
    return switch (job.kind) {
      case MKDIR, SYMLINK -> true;
      case WRITE -> job.base instanceof Job.Base.Nothing;
      default -> false;
    };
  }

  private static boolean isBelow(RemotePath path, RemotePath directory) {
    return path.startsWith(directory) && !path.equals(directory);
  }

  /** A helper has it: the runtime is told. */
  void handed(Job job) {
    if (!job.isOver()) {
      setHanded(job, true);
      shown(job);
    }
  }

  /** The helper did not do it, or nobody knows. */
  void notHanded(Job job) {
    job.byHelper = false;
    setHanded(job, false);
    notShown(job);
  }

  private void setHanded(Job job, boolean handed) {
    job.handed = handed;
    for (Job waiter : job.waiters) {
      boolean follows = handed && mayFollow(waiter, job);
      boolean changed = follows ? waiter.follows.add(job) : waiter.follows.remove(job);
      if (changed) {
        sort(waiter);
      }
    }
  }

  /**
   * Whether a job before it shows content and the runtime has not been told, or was told by another
   * way and has not answered, leaving out those that cannot be carried out.
   *
   * @param alsoLarge large ones are waited for, too
   */
  boolean hasEarlierToShow(Job job, boolean alsoLarge, long largeBytes) {
    Predicate<Job> counts =
        earlier -> !earlier.held && (alsoLarge || earlier.bytes() <= largeBytes);
    return showing.headMap(job.order).values().stream().anyMatch(counts)
        || told.headMap(job.order).values().stream()
            .filter(earlier -> earlier.byHelper != job.byHelper)
            .anyMatch(counts);
  }

  /** The runtime has been told to show it: later ones that go the same way need not wait. */
  void shown(Job job) {
    if (showing.remove(job.order) != null) {
      told.put(job.order, job);
    }
  }

  /** It is to be told again. */
  void notShown(Job job) {
    if (job.shows() && !job.isOver()) {
      told.remove(job.order);
      showing.put(job.order, job);
    }
  }

  /** Says anew of every job whether it was refused, or waits for one that was. */
  void markHeld() {
    for (Job job : ordered.values()) {
      job.held = false;
    }
    for (Job job : ordered.values()) {
      if (job.state == Job.State.REFUSED) {
        withWaiters(List.of(job)).forEach(Jobs::hold);
      }
    }
  }

  private static void hold(Job job) {
    job.held = true;
    job.endWaiting();
  }

  /** Those and all that wait for them, directly or not. */
  static Set<Job> withWaiters(Collection<Job> jobs) {
    Set<Job> all = new LinkedHashSet<>();
    List<Job> todo = new ArrayList<>(jobs);
    while (!todo.isEmpty()) {
      Job job = todo.remove(todo.size() - 1);
      if (all.add(job)) {
        todo.addAll(job.waiters);
      }
    }
    return all;
  }

  private Set<Job> inTheWayOf(Job job) {
    Set<Job> found = new HashSet<>();
    for (RemotePath path : job.paths()) {
      found.addAll(at.getOrDefault(path, Set.of()));
      for (RemotePath above = path.parent(); above != null; above = above.parent()) {
        found.addAll(at.getOrDefault(above, Set.of()));
      }
      if (concernsTree(job)) {
        found.addAll(below.getOrDefault(path, Set.of()));
      }
    }
    found.remove(job);
    return found;
  }

  private static boolean concernsTree(Job job) {
    return switch (job.kind) {
      case RMDIR, RENAME -> true;
      case SETATTR -> job.attrs != null && job.attrs.isDirectory();
      default -> false;
    };
  }

  private void index(Job job) {
    for (RemotePath path : job.paths()) {
      at.computeIfAbsent(path, any -> new HashSet<>()).add(job);
      for (RemotePath above = path.parent(); above != null; above = above.parent()) {
        below.computeIfAbsent(above, any -> new HashSet<>()).add(job);
      }
    }
  }

  private void unindex(Job job) {
    for (RemotePath path : job.paths()) {
      drop(at, path, job);
      for (RemotePath above = path.parent(); above != null; above = above.parent()) {
        drop(below, above, job);
      }
    }
  }

  private static void drop(Map<RemotePath, Set<Job>> index, RemotePath path, Job job) {
    Set<Job> jobs = index.get(path);
    if (jobs != null) {
      jobs.remove(job);
      if (jobs.isEmpty()) {
        index.remove(path);
      }
    }
  }
}
