package colabfs.fuse;

import colabfs.core.RemotePath;
import colabfs.fs.KernelCache;
import colabfs.fuse.Notices.Notice;
import colabfs.fuse.Terms.Call;
import colabfs.fuse.Terms.Term;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel was told of one mount and for how long, and the news that make it ask again. For
 * each answer it says whether that may be remembered for long, and notes that it was told; for each
 * piece of news it finds what was told of it.
 *
 * <p>News that come while a call is answered spoil the answer: it may be from before them, and
 * would reach the kernel after the notice. So each call begins with the number of the last news,
 * and what it says holds for no time when that is another at its end.
 *
 * <p>Threading: any thread; the lock is held for moments.
 */
final class KernelMemory implements KernelCache {
  /** For long. It bounds the harm of news that got lost. */
  static final long LONG_SECONDS = 3600;

  /** At 120 bytes each; what the kernel is told beyond it, it may remember for a moment. */
  private static final int MAX_NAMES = 200_000;

  private static final int MAX_MISSING = 50_000;

  /**
   * From an answer's way out until the process that waited for it has entered it: what was told
   * within this time before news is told again as much later.
   */
  static final long ENTERED_MILLIS = 100;

  private final LongSupplier nanoTime;
  private final Notices notices;

  /** Counts what may have changed without this mount's doing. */
  private final AtomicLong news = new AtomicLong();

  private volatile boolean trusted;

  /** The kernel can let an entry expire; otherwise directories' entries are never for long. */
  private volatile boolean expires;

  /** Guards the names and all that is in them; nothing that waits is done under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final KernelNames names = new KernelNames(MAX_NAMES, MAX_MISSING);

  KernelMemory(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.notices = new Notices(this);
  }

  Notices notices() {
    return notices;
  }

  /** The kernel says hello. */
  void initialised(int minor) {
    expires = minor >= Wire.EXPIRE_ONLY_MINOR;
  }

  // News.

  @Override
  public void attrsChanged(RemotePath path) {
    tell(Notices.Kind.ATTRS, path);
  }

  @Override
  public void contentChanged(RemotePath path) {
    tell(Notices.Kind.CONTENT, path);
  }

  @Override
  public void nameChanged(RemotePath path) {
    tell(Notices.Kind.NAME, path);
  }

  @Override
  public void treeChanged(RemotePath directory) {
    tell(Notices.Kind.TREE, directory);
  }

  private void tell(Notices.Kind kind, RemotePath path) {
    news.incrementAndGet();
    notices.add(new Notices.News(kind, path));
  }

  @Override
  public void trust(boolean newsFlow) {
    trusted = newsFlow;
    if (newsFlow) {
      news.incrementAndGet();
    } else {
      var unused = forgetAll();
    }
  }

  /** All that the kernel was told is let go; completes when it knows. */
  CompletableFuture<Void> forgetAll() {
    news.incrementAndGet();
    return notices.addAll();
  }

  // Answers.

  long lastNews() {
    return news.get();
  }

  boolean isTrusted() {
    return trusted;
  }

  /** Where a node, or a name in it, is; null when that cannot be told. */
  @Nullable RemotePath path(int node, byte @Nullable [] name) {
    String directory;
    lock.lock();
    try {
      directory = names.path(node);
    } finally {
      lock.unlock();
    }
    if (directory == null) {
      return null;
    }
    String text = name == null ? directory : directory + "/" + NativeText.lenient(name);
    return RemotePath.of(text.isEmpty() ? "/" : text);
  }

  /** A name is told to be there, and its attributes with it. */
  Terms told(Call call, int parent, byte[] name, int node, Attrs attrs) {
    lock.lock();
    try {
      KernelName known = names.told(parent, name, node);
      if (known == null) {
        return Terms.SHORT;
      }
      known.toldMillis = millis();
      known.kind(attrs.isDirectory(), attrs.hasManyNames());
      if (!call.mayRemember()) {
        return new Terms(Term.SHORT, attrs.hasManyNames() ? Term.NONE : Term.SHORT);
      }
      if (isSpoiltLocked(call)) {
        return Terms.NONE;
      }
      boolean entry = expires || !attrs.isDirectory();
      known.entryIsLong(known.entryIsLong() || entry);
      return new Terms(entry ? Term.LONG : Term.SHORT, attrsTerm(known));
    } finally {
      lock.unlock();
    }
  }

  /** The kernel did not take that answer. */
  void untold(int node) {
    forget(node, 1);
  }

  Term toldMissing(Call call, int parent, byte[] name) {
    if (!call.mayRemember()) {
      return Term.SHORT;
    }
    lock.lock();
    try {
      if (isSpoiltLocked(call)) {
        return Term.NONE;
      }
      KernelName known = names.toldMissing(parent, name);
      if (known == null) {
        return Term.SHORT;
      }
      known.entryIsLong(true);
      KernelName evicted = names.evicted();
      if (evicted != null) {
        notices.add(evicted.entryNotice(millis()));
      }
      return Term.LONG;
    } finally {
      lock.unlock();
    }
  }

  Term toldAttrs(Call call, int node, Attrs attrs) {
    lock.lock();
    try {
      KernelName known = names.get(node);
      if (known != null) {
        known.kind(attrs.isDirectory(), attrs.hasManyNames());
      }
      if (attrs.hasManyNames() || (call.mayRemember() && isSpoiltLocked(call))) {
        return Term.NONE;
      }
      return known == null || !call.mayRemember() ? Term.SHORT : attrsTerm(known);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean isSpoiltLocked(Call call) {
    return !trusted || news.get() != call.newsBefore();
  }

  /**
   * What is being written shows what this side has, and something else if the runtime refuses it.
   * libfuse has a number for each name of a file, so the kernel does not know that a change of one
   * is one of the others: there it remembers nothing.
   */
  private static Term attrsTerm(KernelName known) {
    if (known.hasManyNames()) {
      return Term.NONE;
    }
    if (known.isBeingWritten()) {
      return Term.SHORT;
    }
    known.attrsAreLong(true);
    return Term.LONG;
  }

  /** Whether the kernel may use the pages that it has for the file that was opened. */
  boolean opened(Call call, int node, long content, boolean toWrite) {
    lock.lock();
    try {
      KernelName known = names.get(node);
      if (known == null) {
        return false;
      }
      KernelPages pages = known.pages;
      if (pages == null) {
        pages = new KernelPages();
        known.pages = pages;
      }
      boolean isSure = call.mayRemember() && !isSpoiltLocked(call) && !known.hasManyNames();
      return pages.opened(isSure ? content : 0, toWrite);
    } finally {
      lock.unlock();
    }
  }

  void released(int node, boolean toWrite) {
    lock.lock();
    try {
      KernelName known = names.get(node);
      KernelPages pages = known == null ? null : known.pages;
      if (pages != null) {
        pages.released(toWrite);
      }
    } finally {
      lock.unlock();
    }
  }

  // What the kernel does itself.

  void forget(int node, long lookups) {
    lock.lock();
    try {
      names.forget(node, lookups);
    } finally {
      lock.unlock();
    }
  }

  void removed(int parent, byte[] name) {
    lock.lock();
    try {
      names.removed(parent, name);
    } finally {
      lock.unlock();
    }
  }

  /** What was allowed to be remembered at the old place may not be watched at the new one. */
  void renamed(int parent, byte[] name, int newParent, byte[] newName) {
    lock.lock();
    try {
      names.renamed(parent, name, newParent, newName);
    } finally {
      lock.unlock();
    }
    RemotePath path = path(newParent, newName);
    if (trusted && path != null) {
      notices.add(new Notices.News(Notices.Kind.TREE, path));
    }
  }

  /** A file has one name more than the kernel was told under this one. */
  void linked(int node) {
    lock.lock();
    try {
      KernelName known = names.get(node);
      if (known != null) {
        known.kind(false, true);
        known.attrsAreLong(false);
      }
    } finally {
      lock.unlock();
    }
  }

  // What news are about.

  /** What the kernel is to be told now that it may take for granted otherwise. */
  List<Notice> noticesOn(Notices.News what) {
    List<Notice> found = new ArrayList<>();
    RemotePath parent = what.path().parent();
    lock.lock();
    try {
      KernelName directory = parent == null ? null : names.get(parent);
      if (directory != null && what.kind() == Notices.Kind.NAME) {
        found.add(directory.attrsNotice());
      }
      KernelName name = names.get(what.path());
      if (name == null) {
        return found;
      }
      switch (what.kind()) {
        case ATTRS -> found.add(name.attrsNotice());
        case CONTENT -> found.add(name.contentNotice());
        case NAME, TREE -> {
          List<KernelName> below = name.isDirectory() ? names.below(name) : List.of(name);
          for (KernelName one : below) {
            one.addAllTo(found, one == name, millis());
          }
        }
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  /** All that the kernel may take for granted. */
  List<Notice> noticesOnAll() {
    List<Notice> found = new ArrayList<>();
    lock.lock();
    try {
      for (KernelName name : names.all()) {
        name.addAllTo(found, false, millis());
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  /** Whether an entry can be asked for again without being taken off the tree. */
  boolean canExpire() {
    return expires;
  }

  private int millis() {
    return (int) TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong());
  }

  /** How many names the kernel was told of and has not given back. */
  int size() {
    lock.lock();
    try {
      return names.size();
    } finally {
      lock.unlock();
    }
  }
}
