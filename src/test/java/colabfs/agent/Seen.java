package colabfs.agent;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.ContentSink;
import colabfs.remote.SnapshotSink;
import colabfs.remote.TreeListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Remembers everything that it is told, in words and in full. */
final class Seen implements TreeListener, SnapshotSink, ContentSink {
  private final List<String> words = new ArrayList<>();
  final Map<RemotePath, List<DirEntry>> listings = new ConcurrentHashMap<>();
  final Map<RemotePath, Boolean> watched = new ConcurrentHashMap<>();
  final Map<RemotePath, byte[]> contents = new ConcurrentHashMap<>();
  final Map<RemotePath, FileAttrs> attrs = new ConcurrentHashMap<>();
  final Map<RemotePath, Errno> leftOut = new ConcurrentHashMap<>();

  private synchronized void say(String text) {
    words.add(text);
  }

  /** Everything in order: {@code up}, {@code changed /a}, {@code gone /a}, {@code lost /d}, ... */
  synchronized List<String> words() {
    return List.copyOf(words);
  }

  synchronized void forget() {
    words.clear();
  }

  @Override
  public void up() {
    say("up");
  }

  @Override
  public void down() {
    say("down");
  }

  @Override
  public void changed(RemotePath path, @Nullable FileAttrs now) {
    if (now != null) {
      attrs.put(path, now);
    }
    say((now == null ? "gone " : "changed ") + path);
  }

  @Override
  public void lost(RemotePath directory) {
    say("lost " + directory);
  }

  @Override
  public void listing(RemotePath directory, List<DirEntry> entries, boolean isWatched) {
    listings.put(directory, entries);
    watched.put(directory, isWatched);
    say("listing " + directory);
  }

  @Override
  public void content(RemotePath file, FileAttrs now, byte[] content) {
    contents.put(file, content);
    attrs.put(file, now);
    say("content " + file);
  }

  @Override
  public void leftOut(RemotePath file, Errno why) {
    leftOut.put(file, why);
    say(why + " " + file);
  }
}
