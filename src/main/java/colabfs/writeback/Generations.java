package colabfs.writeback;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of one journal by their numbers. The newest counts: it gets its name when it is
 * complete, and an older one that is still there lacks only its removal.
 *
 * <p>Threading: immutable.
 */
record Generations(Path directory, Disk disk) {
  private static final System.Logger LOG = System.getLogger(Generations.class.getName());
  private static final String PREFIX = "journal-";
  private static final Pattern WHOLE = Pattern.compile(PREFIX + "[1-9][0-9]{0,17}");
  private static final String UNFINISHED_END = ".new";
  private static final Pattern UNFINISHED = Pattern.compile(WHOLE + "\\.new");

  Path path(long generation) {
    return directory.resolve(PREFIX + generation);
  }

  private Path unfinished(long generation) {
    return directory.resolve(PREFIX + generation + UNFINISHED_END);
  }

  /** Those that are there, the oldest first; what was never finished is removed. */
  List<Long> tidy() throws IOException {
    for (String name : names(UNFINISHED)) {
      disk.delete(directory.resolve(name));
    }
    return whole();
  }

  /** Those that are there, the oldest first. */
  List<Long> whole() throws IOException {
    return names(WHOLE).stream()
        .map(name -> Long.valueOf(name.substring(PREFIX.length())))
        .sorted()
        .toList();
  }

  private List<String> names(Pattern pattern) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> pattern.matcher(name).matches())
          .toList();
    }
  }

  /**
   * A file that is filled, forced and then named, over one of the same number; the directory is not
   * forced yet.
   */
  RecordFile create(long generation, RecordFormat format, RecordFile.Filler filler)
      throws IOException {
    return finish(begin(generation, format), filler);
  }

  /** A file without its name: {@link #finish} gives it that, {@link #abandon} drops it. */
  RecordFile begin(long generation, RecordFormat format) throws IOException {
    Path path = unfinished(generation);
    disk.delete(path);
    Disk.OpenFile file = disk.create(path);
    RecordFile made = new RecordFile(this, generation, format, file, RecordFormat.HEADER_BYTES, 0);
    boolean begun = false;
    try {
      file.write(0, format.header(), RecordFormat.HEADER_BYTES);
      begun = true;
      return made;
    } finally {
      if (!begun) {
        abandon(made);
      }
    }
  }

  /** The rest is filled in, all of it is forced, and the file gets its name; or it is dropped. */
  RecordFile finish(RecordFile begun, RecordFile.Filler rest) throws IOException {
    boolean named = false;
    try {
      rest.fill(begun);
      begun.force();
      disk.rename(unfinished(begun.generation()), path(begun.generation()));
      named = true;
      return begun;
    } finally {
      if (!named) {
        abandon(begun);
      }
    }
  }

  void abandon(RecordFile begun) {
    Path path = unfinished(begun.generation());
    try (begun) {
      disk.delete(path);
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "{0} is unfinished, and goes at the next start: {1}",
          path,
          e.getMessage());
    }
  }
}
