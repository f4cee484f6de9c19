package colabfs.fs;

import colabfs.cache.MetadataCache;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import org.jspecify.annotations.Nullable;

/** The tree as the caches of one mount have it. Threading: any thread, no state. */
final class CachedTree implements KnownTree {
  private final MetadataCache metadata;
  private final Lookups lookups;
  private final OpenNodes nodes;

  CachedTree(MetadataCache metadata, Lookups lookups, OpenNodes nodes) {
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
    return nodes.isCached(file, attrs)
        ? content(number -> nodes.cachedBlock(file, attrs, number))
        : null;
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
