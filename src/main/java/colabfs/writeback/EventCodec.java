package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Events as the journal keeps them; docs/JOURNAL.md has the format. No state. */
final class EventCodec {
  private static final int MAX_TEXT_BYTES = 1 << 16;

  private EventCodec() {}

  /** What every event has: its type in the journal. */
  static int typeOf(Event event) {
    return Tag.of(event).number;
  }

  static boolean isWrote(int type) {
    return type == Tag.WROTE.number;
  }

  private enum Tag {
    CREATED(1, Event.Created.class),
    OPENED(2, Event.Opened.class),
    WROTE(3, Event.Wrote.class),
    CUT(4, Event.Cut.class),
    FILE_SET(5, Event.FileSet.class),
    NAME_SET(6, Event.NameSet.class),
    MADE_DIRECTORY(7, Event.MadeDirectory.class),
    MADE_SYMLINK(8, Event.MadeSymlink.class),
    LINKED(9, Event.Linked.class),
    REMOVED(10, Event.Removed.class),
    REMOVED_DIRECTORY(11, Event.RemovedDirectory.class),
    RENAMED(12, Event.Renamed.class),
    SEALED(13, Event.Sealed.class),
    COMMITTING(14, Event.Committing.class),
    DONE(15, Event.Done.class),
    REFUSED(16, Event.Refused.class),
    RETRIED(17, Event.Retried.class),
    DISCARDED(18, Event.Discarded.class),
    CONFLICTED(19, Event.Conflicted.class),
    DISMISSED(20, Event.Dismissed.class),
    STAGED(21, Event.Staged.class),
    UNSTAGED(22, Event.Unstaged.class),
    WROTE_GONE(23, Event.WroteGone.class),
    REBASED(24, Event.Rebased.class);

    final int number;
    final Class<? extends Event> type;

    Tag(int number, Class<? extends Event> type) {
      this.number = number;
      this.type = type;
    }

    static Tag of(Event event) {
      for (Tag tag : values()) {
        if (tag.type == event.getClass()) {
          return tag;
        }
      }
      throw new IllegalArgumentException("no event: " + event);
    }

    static Tag of(int number) throws IOException {
      for (Tag tag : values()) {
        if (tag.number == number) {
          return tag;
        }
      }
      throw new IOException("an event of the unknown type " + number);
    }
  }

  /** An event as it was read. */
  record Read(Event event, long atNanos) {}

  /** The event without the bytes that a write brings. */
  static ByteBuffer write(Event event, long atNanos) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try {
      Writer out = new Writer(new DataOutputStream(bytes));
      out.out.writeLong(atNanos);
      out.event(event);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    return ByteBuffer.wrap(bytes.toByteArray());
  }

  /**
   * Reads what was written; the buffer is left where the event ends.
   *
   * @throws IOException it is none
   */
  static Read read(int type, ByteBuffer payload) throws IOException {
    Tag tag = Tag.of(type);
    Reader in = new Reader(new DataInputStream(new BufferStream(payload)));
    try {
      long atNanos = in.in.readLong();
      return new Read(in.event(tag), atNanos);
    } catch (IllegalArgumentException e) {
      throw new IOException("a damaged event: " + e.getMessage(), e);
    }
  }

  private static final class BufferStream extends InputStream {
    private final ByteBuffer buffer;

    BufferStream(ByteBuffer buffer) {
      this.buffer = buffer;
    }

    @Override
    public int read() {
      return buffer.hasRemaining() ? buffer.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      int count = Math.min(length, buffer.remaining());
      buffer.get(into, offset, count);
      return count == 0 && length > 0 ? -1 : count;
    }
  }

  private record Writer(DataOutputStream out) {
    void event(Event event) throws IOException {
      if (event instanceof Event.Created e) {
        file(e.file(), e.path());
        attrs(e.attrs());
      } else if (event instanceof Event.Opened e) {
        file(e.file(), e.path());
        attrs(e.attrs());
      } else if (event instanceof Event.Wrote e) {
        wrote(e);
      } else if (event instanceof Event.WroteGone e) {
        wrote(new Event.Wrote(e.file(), e.offset(), e.length()));
      } else if (event instanceof Event.Cut e) {
        out.writeLong(e.file());
        out.writeLong(e.sizeBytes());
      } else if (event instanceof Event.FileSet e) {
        out.writeLong(e.file());
        change(e.change());
      } else if (event instanceof Event.NameSet e) {
        path(e.path());
        change(e.change());
        attrs(e.after());
      } else {
        nameEvent(event);
      }
    }

    private void wrote(Event.Wrote event) throws IOException {
      out.writeLong(event.file());
      out.writeLong(event.offset());
      out.writeInt(event.length());
    }

    private void nameEvent(Event event) throws IOException {
      if (event instanceof Event.MadeDirectory e) {
        path(e.path());
        attrs(e.attrs());
      } else if (event instanceof Event.MadeSymlink e) {
        path(e.path());
        text(e.text());
        attrs(e.attrs());
      } else if (event instanceof Event.Linked e) {
        path(e.existing());
        path(e.link());
        attrs(e.attrs());
      } else if (event instanceof Event.Removed e) {
        path(e.path());
        attrs(e.attrs());
      } else if (event instanceof Event.RemovedDirectory e) {
        path(e.path());
      } else if (event instanceof Event.Renamed e) {
        path(e.from());
        path(e.to());
        attrs(e.attrs());
        optional(e.over());
      } else {
        outcome(event);
      }
    }

    private void outcome(Event event) throws IOException {
      if (event instanceof Event.Sealed e) {
        out.writeLong(e.job());
      } else if (event instanceof Event.Staged e) {
        out.writeLong(e.job());
        path(e.temporary());
      } else if (event instanceof Event.Unstaged e) {
        out.writeLong(e.job());
      } else if (event instanceof Event.Committing e) {
        out.writeLong(e.job());
      } else if (event instanceof Event.Done e) {
        out.writeLong(e.job());
        optional(e.result());
      } else if (event instanceof Event.Rebased e) {
        out.writeLong(e.job());
        optional(e.there());
      } else if (event instanceof Event.Refused e) {
        out.writeLong(e.job());
        text(e.errno().name());
        text(e.reason());
      } else if (event instanceof Event.Discarded e) {
        path(e.below());
      } else if (event instanceof Event.Conflicted e) {
        RemotePath copy = e.copy();
        out.writeLong(e.job());
        path(e.path());
        text(copy == null ? "" : copy.toString());
        text(e.what());
      } else if (event instanceof Event.Dismissed e) {
        path(e.below());
      }
    }

    private void file(long number, RemotePath path) throws IOException {
      out.writeLong(number);
      path(path);
    }

    private void path(RemotePath path) throws IOException {
      text(path.toString());
    }

    private void text(String text) throws IOException {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      int length = Math.min(bytes.length, MAX_TEXT_BYTES);
      out.writeInt(length);
      out.write(bytes, 0, length);
    }

    private void optional(@Nullable FileAttrs attrs) throws IOException {
      out.writeBoolean(attrs != null);
      if (attrs != null) {
        attrs(attrs);
      }
    }

    private void attrs(FileAttrs attrs) throws IOException {
      out.writeInt(attrs.mode());
      out.writeInt(attrs.uid());
      out.writeInt(attrs.gid());
      out.writeLong(attrs.sizeBytes());
      out.writeLong(attrs.atimeNanos());
      out.writeLong(attrs.mtimeNanos());
      out.writeLong(attrs.ctimeNanos());
      out.writeInt(attrs.links());
    }

    private void change(AttrChange change) throws IOException {
      Integer permissions = change.permissions();
      AttrChange.Owner owner = change.owner();
      AttrChange.Times times = change.times();
      out.writeInt(permissions == null ? -1 : permissions);
      out.writeBoolean(owner != null);
      if (owner != null) {
        out.writeInt(owner.uid());
        out.writeInt(owner.gid());
      }
      out.writeBoolean(times != null);
      if (times != null) {
        out.writeLong(times.atimeNanos());
        out.writeLong(times.mtimeNanos());
      }
    }
  }

  private record Reader(DataInputStream in) {
    Event event(Tag tag) throws IOException {
      return switch (tag) {
        case CREATED -> new Event.Created(in.readLong(), path(), attrs());
        case OPENED -> new Event.Opened(in.readLong(), path(), attrs());
        case WROTE -> wrote();
        case WROTE_GONE -> wrote().gone();
        case CUT -> new Event.Cut(in.readLong(), size(in.readLong()));
        case FILE_SET -> new Event.FileSet(in.readLong(), change());
        case NAME_SET -> new Event.NameSet(path(), change(), attrs());
        case MADE_DIRECTORY -> new Event.MadeDirectory(path(), attrs());
        case MADE_SYMLINK -> new Event.MadeSymlink(path(), text(), attrs());
        case LINKED -> new Event.Linked(path(), path(), attrs());
        case REMOVED -> new Event.Removed(path(), attrs());
        case REMOVED_DIRECTORY -> new Event.RemovedDirectory(path());
        case RENAMED -> new Event.Renamed(path(), path(), attrs(), optional());
        case SEALED -> new Event.Sealed(in.readLong());
        case COMMITTING -> new Event.Committing(in.readLong());
        case DONE -> new Event.Done(in.readLong(), optional());
        case REFUSED -> new Event.Refused(in.readLong(), Errno.valueOf(text()), text());
        case RETRIED -> new Event.Retried();
        case DISCARDED -> new Event.Discarded(path());
        case CONFLICTED -> conflicted();
        case DISMISSED -> new Event.Dismissed(path());
        case STAGED -> new Event.Staged(in.readLong(), path());
        case UNSTAGED -> new Event.Unstaged(in.readLong());
        case REBASED -> new Event.Rebased(in.readLong(), optional());
      };
    }

    private Event.Wrote wrote() throws IOException {
      Event.Wrote event = new Event.Wrote(in.readLong(), in.readLong(), in.readInt());
      if (event.offset() < 0 || event.length() < 0 || event.offset() + event.length() < 0) {
        throw new IOException("a write of " + event.length() + " bytes at " + event.offset());
      }
      return event;
    }

    private Event conflicted() throws IOException {
      long job = in.readLong();
      RemotePath path = path();
      String copy = text();
      return new Event.Conflicted(job, path, copy.isEmpty() ? null : RemotePath.of(copy), text());
    }

    private static long size(long bytes) throws IOException {
      if (bytes < 0) {
        throw new IOException("a length of " + bytes);
      }
      return bytes;
    }

    private RemotePath path() throws IOException {
      return RemotePath.of(text());
    }

    private String text() throws IOException {
      int length = in.readInt();
      if (length < 0 || length > MAX_TEXT_BYTES) {
        throw new IOException("a text of " + length + " bytes");
      }
      byte[] bytes = new byte[length];
      in.readFully(bytes);
      return new String(bytes, StandardCharsets.UTF_8);
    }

    private @Nullable FileAttrs optional() throws IOException {
      return in.readBoolean() ? attrs() : null;
    }

    private FileAttrs attrs() throws IOException {
      int mode = in.readInt();
      int uid = in.readInt();
      int gid = in.readInt();
      long size = size(in.readLong());
      long atime = in.readLong();
      long mtime = in.readLong();
      long ctime = in.readLong();
      return new FileAttrs(
          FileType.ofMode(mode),
          mode & FileAttrs.PERMISSION_MASK,
          uid,
          gid,
          size,
          atime,
          mtime,
          ctime,
          0,
          in.readInt());
    }

    private AttrChange change() throws IOException {
      int permissions = in.readInt();
      AttrChange.Owner owner =
          in.readBoolean() ? new AttrChange.Owner(in.readInt(), in.readInt()) : null;
      AttrChange.Times times =
          in.readBoolean() ? new AttrChange.Times(in.readLong(), in.readLong()) : null;
      return new AttrChange(
          null, permissions < 0 ? null : permissions & FileAttrs.PERMISSION_MASK, owner, times);
    }
  }
}
