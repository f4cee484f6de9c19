package colabfs.writeback;

import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Copies what is pending to a local directory. Threading: any thread. */
final class Export {
  private static final int COPY_BYTES = 1 << 18;

  private final Journal journal;

  Export(Journal journal) {
    this.journal = journal;
  }

  /** See {@link PendingChanges#export}. */
  List<Path> to(Path directory, RemotePath below) throws IOException {
    List<Path> written = new ArrayList<>();
    for (Job job : jobsBelow(below)) {
      PendingFile file = job.file;
      Layer layer = job.layer;
      Path place = directory.resolve("." + job.path).normalize();
      if (job.kind == PendingChange.Kind.MKDIR) {
        Files.createDirectories(place);
      } else if (file != null && layer != null) {
        Files.createDirectories(parentOf(place, directory));
        copy(layer, place);
        written.add(place);
      } else if (job.kind == PendingChange.Kind.SYMLINK && job.text != null) {
        Files.createDirectories(parentOf(place, directory));
        Files.createSymbolicLink(place, Path.of(job.text));
        written.add(place);
      }
    }
    return written;
  }

  private static Path parentOf(Path place, Path directory) {
    Path parent = place.getParent();
    return parent == null ? directory : parent;
  }

  private List<Job> jobsBelow(RemotePath below) {
    journal.lock.lock();
    try {
      return journal.stateLocked().jobs().all().stream()
          .filter(job -> job.path.startsWith(below))
          .toList();
    } finally {
      journal.lock.unlock();
    }
  }

  private void copy(Layer layer, Path place) throws IOException {
    List<Layer.Extent> extents;
    long size;
    journal.lock.lock();
    try {
      extents = layer.extents();
      size = layer.sizeBytes();
    } finally {
      journal.lock.unlock();
    }
    try (FileChannel out =
        FileChannel.open(place, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (Layer.Extent extent : extents) {
        copy(extent, out);
      }
      if (out.size() < size) {
        out.write(ByteBuffer.allocate(1), size - 1);
      }
      out.force(true);
    } catch (FsException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void copy(Layer.Extent extent, FileChannel out) throws IOException, FsException {
    ByteBuffer buffer = ByteBuffer.allocate(Math.min(COPY_BYTES, extent.length()));
    for (int done = 0; done < extent.length(); done += buffer.limit()) {
      buffer.clear().limit(Math.min(buffer.capacity(), extent.length() - done));
      if (!journal.read(extent.position() + done, buffer)) {
        throw new IOException("it arrived on the runtime meanwhile");
      }
      buffer.flip();
      long at = extent.offset() + done;
      while (buffer.hasRemaining()) {
        at += out.write(buffer, at);
      }
    }
  }
}
