package colabfs.restore;

import static java.nio.charset.StandardCharsets.UTF_8;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.fs.KnownTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A tree that somebody knows, as a test tells it. Pieces are tiny. */
public final class RememberedTree implements KnownTree {
  /** When everything in it was changed last. */
  public static final long MTIME_NANOS = 1_700_000_000L * 1_000_000_000L;

  private static final int PIECE_BYTES = 4;

  private final Map<RemotePath, Map<String, FileAttrs>> directories = new HashMap<>();
  private final Map<RemotePath, byte[]> contents = new HashMap<>();
  private final Map<RemotePath, String> texts = new HashMap<>();

  /** Called when a piece of a file is asked for. */
  public Runnable reading = () -> {};

  public static FileAttrs attrs(FileType type, int permissions, long size) {
    return new FileAttrs(
        type, permissions, 0, 0, size, MTIME_NANOS, MTIME_NANOS, MTIME_NANOS, 0, 1);
  }

  public RememberedTree file(String path, String content) {
    return file(path, content, 0644);
  }

  public RememberedTree file(String path, String content, int permissions) {
    contents.put(RemotePath.of(path), content.getBytes(UTF_8));
    return name(path, attrs(FileType.REGULAR, permissions, content.length()));
  }

  /** A file whose content is not known. */
  public RememberedTree unread(String path, long size) {
    return name(path, attrs(FileType.REGULAR, 0644, size));
  }

  public RememberedTree link(String path, @Nullable String text) {
    if (text != null) {
      texts.put(RemotePath.of(path), text);
    }
    return name(path, attrs(FileType.SYMLINK, 0777, 1));
  }

  public RememberedTree directory(String path, int permissions) {
    directories.computeIfAbsent(RemotePath.of(path), any -> new TreeMap<>());
    return name(path, attrs(FileType.DIRECTORY, permissions, 0));
  }

  private RememberedTree name(String path, FileAttrs attrs) {
    RemotePath name = RemotePath.of(path);
    RemotePath parent = name.parent();
    if (parent == null) {
      return this;
    }
    if (!parent.isRoot() && !directories.containsKey(parent)) {
      var unused = directory(parent.toString(), 0755);
    }
    directories.computeIfAbsent(parent, any -> new TreeMap<>()).put(name.name(), attrs);
    return this;
  }

  /** The content is dropped, or changed. */
  public void forgetContent(String path) {
    contents.remove(RemotePath.of(path));
  }

  @Override
  public @Nullable Known directory(RemotePath directory) {
    Map<String, FileAttrs> names = directories.get(directory);
    if (names == null) {
      return null;
    }
    List<DirEntry> entries = new ArrayList<>();
    names.forEach((name, attrs) -> entries.add(new DirEntry(name, attrs)));
    return new Known(entries, true);
  }

  @Override
  public @Nullable String linkText(RemotePath link, FileAttrs attrs) {
    return texts.get(link);
  }

  @Override
  public @Nullable Content content(RemotePath file, FileAttrs attrs) {
    byte[] content = contents.get(file);
    if (content == null || content.length != attrs.sizeBytes()) {
      return null;
    }
    return new Content() {
      @Override
      public byte @Nullable [] piece(long number) {
        reading.run();
        int from = (int) number * PIECE_BYTES;
        return Arrays.copyOfRange(content, from, Math.min(content.length, from + PIECE_BYTES));
      }
    };
  }
}
