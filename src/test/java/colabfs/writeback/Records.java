package colabfs.writeback;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Records as a test keeps them, and a directory opened for it. */
record Records(RecordFile file, List<Entry> entries, long cutBytes, @Nullable String report) {

  /** One record; equal when type and payload are. */
  record Entry(int type, ByteBuffer payload) {

    static Entry random(RandomGenerator random, int bytes) {
      byte[] payload = new byte[bytes];
      random.nextBytes(payload);
      return new Entry(random.nextInt(256), ByteBuffer.wrap(payload));
    }

    static Entry of(int type, String text) {
      return new Entry(type, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    long appendTo(RecordFile file) throws IOException {
      return file.append(type, payload);
    }
  }

  static Records open(Path directory) throws IOException {
    return open(directory, new LocalDisk());
  }

  static Records open(Path directory, Disk disk) throws IOException {
    List<Entry> entries = new ArrayList<>();
    List<Long> positions = new ArrayList<>();
    RecordFile.Recovered recovered =
        RecordFile.open(
            directory,
            (type, payload, position) -> {
              ByteBuffer copy = ByteBuffer.allocate(payload.remaining()).put(payload).flip();
              entries.add(new Entry(type, copy));
              positions.add(position);
            },
            disk);
    RecordFile file = recovered.file();
    if (recovered.records() != entries.size()) {
      throw new AssertionError("counted " + recovered.records() + ", told " + entries.size());
    }
    for (int i = 0; i < entries.size(); i++) {
      ByteBuffer again = ByteBuffer.allocate(entries.get(i).payload().remaining());
      file.read(positions.get(i), again);
      if (!again.flip().equals(entries.get(i).payload())) {
        throw new AssertionError("record " + i + " is not where it was said to be");
      }
    }
    return new Records(file, entries, recovered.cutBytes(), recovered.report());
  }
}
