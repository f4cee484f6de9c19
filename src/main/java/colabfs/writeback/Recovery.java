package colabfs.writeback;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Opens what an earlier process left: cuts a torn tail, and keeps aside what is damaged. What tells
 * the two apart is in docs/JOURNAL.md. Threading: one thread.
 */
final class Recovery {
  private static final System.Logger LOG = System.getLogger(Recovery.class.getName());

  private final Generations generations;
  private final Disk disk;
  private final RecordFile.RecordHandler handler;

  Recovery(Generations generations, RecordFile.RecordHandler handler) {
    this.generations = generations;
    this.disk = generations.disk();
    this.handler = handler;
  }

  RecordFile.Recovered run() throws IOException {
    List<Long> found = generations.tidy();
    RecordFile.Recovered recovered = found.isEmpty() ? begin() : open(found);
    boolean safe = false;
    try {
      // An earlier process may have ended before it could do this: without it, a power cut could
      // bring back an older generation after something was forced into the newest.
      disk.syncDirectory(generations.directory());
      for (long done : found.subList(0, Math.max(0, found.size() - 1))) {
        disk.delete(generations.path(done));
      }
      safe = true;
      return recovered;
    } finally {
      if (!safe) {
        recovered.file().close();
      }
    }
  }

  private RecordFile.Recovered begin() throws IOException {
    RecordFile first = generations.create(1, RecordFormat.ofNewJournal(), next -> {});
    return new RecordFile.Recovered(first, 0, 0, null);
  }

  private RecordFile.Recovered open(List<Long> found) throws IOException {
    long newest = found.get(found.size() - 1);
    Disk.OpenFile file = disk.open(generations.path(newest));
    RecordFile.Recovered recovered = null;
    try {
      recovered = read(newest, file, found.subList(0, found.size() - 1));
      return recovered;
    } finally {
      if (recovered == null || recovered.report() != null) {
        file.close(); // else it is the one that goes on
      }
    }
  }

  private RecordFile.Recovered read(long newest, Disk.OpenFile file, List<Long> older)
      throws IOException {
    RecordFormat format = formatOf(newest, file);
    if (format == null) {
      return replace(
          new Damage(newest, older, "it does not begin as a journal does", 0),
          RecordFormat.ofNewJournal(),
          next -> {});
    }
    RecordScan scan = new RecordScan(file, format);
    String why = deliver(scan);
    if (why == null && scan.hasLaterRecord()) {
      why = "there are good records behind bytes that are none";
    }
    if (why != null) {
      return replace(
          new Damage(newest, older, why, scan.records()),
          format,
          next -> copy(new RecordScan(file, format), scan.end(), next));
    }
    long cutBytes = scan.bytesBehindEnd();
    if (cutBytes > 0) {
      LOG.log(
          Level.INFO,
          "{0}: the last {1} bytes were being written when it ended; they are cut off",
          generations.path(newest),
          cutBytes);
      file.truncate(scan.end());
      file.sync();
    }
    RecordFile good = new RecordFile(generations, newest, format, file, scan.end(), scan.records());
    return new RecordFile.Recovered(good, scan.records(), cutBytes, null);
  }

  private @Nullable RecordFormat formatOf(long newest, Disk.OpenFile file) throws IOException {
    byte[] begin = new byte[(int) Math.min(RecordFormat.HEADER_BYTES, file.sizeBytes())];
    RecordScan.readFully(file, 0, begin, 0, begin.length);
    try {
      return RecordFormat.of(begin);
    } catch (IOException e) {
      throw new IOException(
          "the journal " + generations.path(newest) + " cannot be used: " + e.getMessage(), e);
    }
  }

  /** Why the handler refused a record, or null. */
  private @Nullable String deliver(RecordScan scan) throws IOException {
    while (scan.hasNext()) {
      try {
        handler.record(scan.type(), scan.payload(), scan.payloadPosition());
      } catch (IOException e) {
        return "a record makes no sense: " + e.getMessage();
      }
      scan.skip();
    }
    return null;
  }

  private static void copy(RecordScan from, long end, RecordFile to) throws IOException {
    while (from.end() < end && from.hasNext()) {
      var unused = to.append(from.type(), from.payload());
      from.skip();
    }
  }

  /** What is wrong with the newest file, behind how many good records. */
  private record Damage(long newest, List<Long> older, String why, long records) {}

  /**
   * Gives the damaged file another name, and its own to one that has its good records at the same
   * places. The new name comes first: after a crash in between it has two.
   */
  private RecordFile.Recovered replace(
      Damage damage, RecordFormat format, RecordFile.Filler goodRecords) throws IOException {
    Path damaged = generations.path(damage.newest());
    Path aside = Aside.of(generations.directory(), damaged);
    disk.link(damaged, aside);
    RecordFile good = null;
    try {
      for (long done : damage.older()) {
        Path path = generations.path(done);
        disk.rename(path, Aside.of(generations.directory(), path));
      }
      disk.syncDirectory(generations.directory());
      good = generations.create(damage.newest(), format, goodRecords);
    } finally {
      if (good == null) {
        disk.delete(aside);
      }
    }
    String report =
        "The journal of what is to be sent to the runtime was damaged ("
            + damage.why()
            + "): the disk failed, or the computer lost power before all was on it. "
            + damage.records()
            + " records before that place are kept and go on; what came after is not sent. The"
            + " damaged file is kept whole as "
            + aside
            + ". See whether your latest changes are there, save again what is missing, and"
            + " delete the file when you do not need it any more.";
    LOG.log(Level.ERROR, report);
    return new RecordFile.Recovered(good, damage.records(), 0, report);
  }
}
