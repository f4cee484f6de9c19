package colabfs.writeback;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Looks into a journal that nobody has open, and changes nothing: no lock, no tail cut off.
 *
 * <p>Threading: any thread. Errors: IOException with a sentence, also when it is damaged.
 */
public final class JournalGlance {
  private JournalGlance() {}

  /** What is pending in the journal of that directory. */
  public static PendingFigures at(Path directory) throws IOException {
    Generations generations = new Generations(directory, new LocalDisk());
    List<Long> whole = generations.whole();
    if (whole.isEmpty()) {
      return new PendingFigures(0, 0, 0, 0);
    }
    Path newest = generations.path(whole.get(whole.size() - 1));
    try (ReadOnly file = new ReadOnly(FileChannel.open(newest, StandardOpenOption.READ))) {
      byte[] header = new byte[(int) Math.min(RecordFormat.HEADER_BYTES, file.sizeBytes())];
      RecordScan.readFully(file, 0, header, 0, header.length);
      RecordFormat format = RecordFormat.of(header);
      if (format == null) {
        throw new IOException("it does not begin as a journal does");
      }
      return figures(new RecordScan(file, format));
    }
  }

  private static PendingFigures figures(RecordScan scan) throws IOException {
    PendingState state = new PendingState();
    while (scan.hasNext()) {
      Journal.replay(state, scan.type(), scan.payload(), scan.payloadPosition());
      scan.skip();
    }
    if (scan.hasLaterRecord()) {
      throw new IOException("there are good records behind bytes that are none");
    }
    return WriteBack.figures(state);
  }

  /** A file as the scan wants it, that cannot be changed. */
  private record ReadOnly(FileChannel channel) implements Disk.OpenFile {

    @Override
    public int read(long position, byte[] into, int offset, int count) throws IOException {
      return channel.read(ByteBuffer.wrap(into, offset, count), position);
    }

    @Override
    public long sizeBytes() throws IOException {
      return channel.size();
    }

    @Override
    public void write(long position, byte[] bytes, int count) throws IOException {
      throw readOnly();
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
      throw readOnly();
    }

    @Override
    public void sync() throws IOException {
      throw readOnly();
    }

    private static IOException readOnly() {
      return new IOException("only looked at");
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
