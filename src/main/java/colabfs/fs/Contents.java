package colabfs.fs;

import colabfs.cache.BlockCache;
import colabfs.cache.KeptContents;
import colabfs.cache.KeptContents.KeptFile;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Which cached content belongs to which version of which path, in memory and on the local disk.
 * Threading: looks from any thread; what is told of a path, one at a time.
 */
final class Contents {
  private static final int MAX_CONTENTS = 50_000;

  /** A file longer than this is opened on the runtime, whatever is here of it. */
  private static final long MAX_LOOKED_AT_BYTES = 512L << 20;

  private final BlockCache cache;
  private final KeptContents kept;
  private final LinkWatch link;
  private final AtomicLong ids = new AtomicLong();
  private final PathTable<Content> contents = new PathTable<>(MAX_CONTENTS);

  /**
   * The number under which blocks of one version are in memory, and the same on the local disk.
   *
   * @param doubtful the link was down, and what is on the disk may be of another content
   */
  record Content(long id, Version version, KeptFile kept, boolean doubtful) {
    Content keptAs(KeptFile file) {
      return new Content(id, version, file, doubtful);
    }
  }

  Contents(Environment environment) {
    this.cache = environment.blocks();
    this.kept = environment.local().contents();
    this.link = environment.link();
  }

  long nextId() {
    return ids.incrementAndGet();
  }

  /** The content of the file in that version, perhaps with nothing here of it. */
  Content of(RemotePath path, FileAttrs attrs) {
    Version version = Version.of(attrs);
    Content known = known(path, version);
    if (known != null) {
      return known;
    }
    Content other = contents.get(path);
    if (other != null) {
      cache.drop(other.id());
    }
    KeptFile file = file(path, version);
    Content content = new Content(nextId(), version, file, link.isDown() && file.isDoubtful());
    contents.put(path, content);
    return content;
  }

  /** The file in that version on the local disk. */
  KeptFile file(RemotePath path, Version version) {
    return kept.file(path, version.sizeBytes(), version.mtimeSeconds());
  }

  private @Nullable Content known(RemotePath path, Version version) {
    Content content = contents.get(path);
    if (content == null || !content.version().equals(version) || !isBelieved(content)) {
      return null;
    }
    return content.kept().isVoid() ? content.keptAs(file(path, version)) : content;
  }

  /** What was only good enough while the link was down is not when it is up. */
  boolean isBelieved(RemotePath path) {
    Content content = contents.get(path);
    return content == null || isBelieved(content);
  }

  private boolean isBelieved(Content content) {
    return !content.doubtful() || link.isDown();
  }

  /** Whether all blocks of the file in that version are here. */
  boolean holdsAll(RemotePath path, FileAttrs attrs) {
    Version version = Version.of(attrs);
    Content content = known(path, version);
    KeptFile onDisk = content == null ? file(path, version) : content.kept();
    long size = attrs.sizeBytes();
    if (size > MAX_LOOKED_AT_BYTES) {
      return false; // its blocks that are here are found one by one
    }
    for (long block = 0; block * BlockCache.BLOCK_BYTES < size; block++) {
      int length = BlockSource.lengthOf(block, size);
      byte[] bytes = content == null ? null : cache.get(content.id(), block);
      if ((bytes == null || bytes.length < length) && !onDisk.holds(block, length, link.isDown())) {
        return false;
      }
    }
    return true;
  }

  /**
   * A block of the file in that version, from memory or the local disk; null when neither has it.
   */
  byte @Nullable [] block(RemotePath path, FileAttrs attrs, long block) {
    Version version = Version.of(attrs);
    int length = BlockSource.lengthOf(block, attrs.sizeBytes());
    Content content = known(path, version);
    byte[] bytes = content == null ? null : cache.get(content.id(), block);
    if (bytes == null || bytes.length < length) {
      KeptFile onDisk = content == null ? file(path, version) : content.kept();
      return onDisk.block(block, length, link.isDown());
    }
    return bytes.length == length ? bytes : Arrays.copyOf(bytes, length);
  }

  /** Nothing that is in memory is of the runtime that answers now. */
  void clear() {
    contents.clear();
    cache.clear();
  }

  /** Whether something of the file in that version is here, or there is nothing to have. */
  boolean holdsSome(RemotePath path, FileAttrs attrs) {
    Version version = Version.of(attrs);
    Content content = known(path, version);
    if (attrs.sizeBytes() == 0 || (content != null && cache.holds(content.id()))) {
      return true;
    }
    KeptFile onDisk = content == null ? file(path, version) : content.kept();
    return onDisk.holds(0, BlockSource.lengthOf(0, attrs.sizeBytes()), link.isDown());
  }

  /** All of a file in that version came by itself. */
  void take(RemotePath path, FileAttrs attrs, byte[] content) {
    Content known = of(path, attrs);
    for (int start = 0; start < content.length; start += BlockCache.BLOCK_BYTES) {
      long block = start / BlockCache.BLOCK_BYTES;
      int end = Math.min(content.length, start + BlockCache.BLOCK_BYTES);
      byte[] bytes =
          end - start == content.length ? content : Arrays.copyOfRange(content, start, end);
      cache.put(known.id(), block, bytes);
      known.kept().keep(block, bytes);
    }
  }

  /** The runtime has what is open there. */
  void put(OpenNode node) {
    KeptFile file = node.blocks().kept();
    if (file != null) {
      Content content =
          new Content(node.blocks().contentId(), Version.of(node.attrs()), file, false);
      contents.put(node.path(), content);
    }
  }

  /** What is here of the path is not its content any more; those who have it open keep it. */
  void remove(RemotePath path) {
    contents.remove(path);
  }

  /** The content at a name is another now, or gone. */
  void drop(RemotePath path, boolean isOpen) {
    kept.forget(path);
    Content known = contents.remove(path);
    if (known != null && !isOpen) {
      cache.drop(known.id());
    }
  }

  /**
   * The content at a name is about to be another, or to go: what is kept of it beyond this process
   * goes first, since a later one could take it for what is to come. May wait for the local disk.
   */
  void goes(RemotePath path, boolean tree) {
    if (tree) {
      kept.forgetTree(path);
    } else {
      kept.forget(path);
    }
  }

  /** What was on its way to the disk under the old name is kept under the new one. */
  void renamed(RemotePath from, RemotePath to, boolean tree, boolean isOpen) {
    kept.renamed(from, to, tree);
    if (tree) {
      contents.renamedTree(from, to);
    } else {
      contents.renamed(from, to);
    }
    Content content = contents.get(to);
    if (content != null && !isOpen) {
      KeptFile file = file(to, content.version());
      contents.put(to, content.keptAs(file));
      BlockSource.keep(cache, content.id(), content.version().sizeBytes(), file);
    }
  }

  /** The times of a file were set by path, its content is what it was. */
  void retimed(RemotePath path, Version before, Version now, boolean isOpen) {
    kept.retimed(path, before.sizeBytes(), before.mtimeSeconds(), now.mtimeSeconds());
    Content content = contents.get(path);
    if (content != null && content.version().equals(before) && !isOpen) {
      contents.put(path, new Content(content.id(), now, file(path, now), content.doubtful()));
    }
  }
}
