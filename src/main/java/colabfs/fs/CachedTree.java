package colabfs.fs;

import colabfs.cache.BlockCache;
import colabfs.cache.MetadataCache;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The tree as the caches of one mount have it. Threading: any thread, no state. */
final class CachedTree implements KnownTree {
  private final MetadataCache metadata;
  private final BlockCache blocks;
  private final Lookups lookups;
  private final OpenNodes nodes;

  CachedTree(MetadataCache metadata, BlockCache blocks, Lookups lookups, OpenNodes nodes) {
    this.blocks = blocks;
    this.metadata = metadata;
    this.lookups = lookups;
    this.nodes = nodes;
  }

  @Override
  public @Nullable Known directory(RemotePath directory) {
    MetadataCache.Remembered known = metadata.remembered(directory);
    return known == null
        ? null
        : new Known(
            known.entries().stream()
                .filter(entry -> !directory.child(entry.name()).equals(RuntimeTrees.SIDE))
                .toList(),
            known.whole());
  }

  @Override
  public @Nullable String linkText(RemotePath link, FileAttrs attrs) {
    return lookups.rememberedText(link, attrs);
  }

  @Override
  public @Nullable Content content(RemotePath file, FileAttrs attrs) {
    OpenNode open = nodes.get(file);
    if (open != null && open.isDirty()) {
      return null;
    }
    if (attrs.sizeBytes() == 0) {
      return content(number -> null);
    }
    return nodes.isCached(file, attrs) ? content(number -> block(file, attrs, number)) : null;
  }

  /** Of the length that it has in that version. */
  private byte @Nullable [] block(RemotePath file, FileAttrs attrs, long number) {
    Long id = nodes.cachedId(file, attrs);
    byte[] bytes = id == null ? null : blocks.get(id, number);
    int length = BlockSource.lengthOf(number, attrs.sizeBytes());
    if (bytes == null || bytes.length < length) {
      return null;
    }
    return bytes.length == length ? bytes : Arrays.copyOf(bytes, length);
  }

  private interface Blocks {
    byte @Nullable [] get(long number);
  }

  private static Content content(Blocks blocks) {
    return new Content() {
      @Override
      public byte @Nullable [] piece(long number) {
        return blocks.get(number);
      }
    };
  }
}
