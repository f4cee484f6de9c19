package colabfs.agent;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.SnapshotBounds;
import colabfs.remote.SnapshotSink;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Asks for a snapshot and takes it apart: listings, one after the other, each entry by entry. */
final class SnapshotCall extends Call<Boolean> {
  private static final int LISTING = 1;

  /** Kind and length of the path. */
  private static final int LISTING_HEAD_BYTES = 1 + Short.BYTES;

  /** Whether it is watched, and how many entries follow. */
  private static final int LISTING_TAIL_BYTES = 1 + Integer.BYTES;

  private static final int ENTRY_BYTES = Protocol.ATTRS_BYTES + Short.BYTES;

  /** Lists begin with room for so many, whatever the helper announces. */
  private static final int FIRST_ENTRIES = 1024;

  private final RemotePath top;
  private final SnapshotBounds bounds;
  private final SnapshotSink sink;
  private final LongConsumer watches;
  private final Gathering gathering = new Gathering();
  private int entriesLeft;
  private long listingsLeft;
  private @Nullable Listing listing;

  /** A listing that is not there in full yet. */
  private static final class Listing {
    /** Null when it cannot be shown. */
    final @Nullable RemotePath directory;

    final boolean watched;
    final List<DirEntry> entries;
    int left;

    Listing(@Nullable RemotePath directory, boolean watched, int count) {
      this.directory = directory;
      this.watched = watched;
      this.left = count;
      this.entries = new ArrayList<>(Math.min(count, FIRST_ENTRIES));
    }
  }

  /**
   * @param watches told how many directories are watched at the end
   */
  SnapshotCall(RemotePath top, SnapshotBounds bounds, SnapshotSink sink, LongConsumer watches) {
    super("the listings from " + top);
    this.top = top;
    this.bounds = bounds;
    this.sink = sink;
    this.watches = watches;
    this.entriesLeft = Math.max(bounds.entries(), 0);
    this.listingsLeft = entriesLeft + 1L; // each but the first was an entry before
  }

  @Override
  Outgoing.Message message(int number) {
    byte[] path = Fields.bytes(top);
    ByteBuffer frame =
        Frame.prepare(Protocol.SNAPSHOT, number, 3 * Integer.BYTES + Fields.textBytes(path));
    frame.putInt(entriesLeft);
    frame.putInt(Math.max(bounds.depth(), 1));
    frame.putInt((int) Math.max(0, Math.min(bounds.time().toMillis(), Integer.MAX_VALUE)));
    Fields.putText(frame, path);
    return Outgoing.one(frame.flip());
  }

  @Override
  void chunk(ByteBuffer piece) throws ProtocolException {
    gathering.add(piece);
    while (true) {
      Listing current = listing;
      if (current == null) {
        if (!beginListing()) {
          return;
        }
      } else if (current.left == 0) {
        listing = null;
        if (current.directory != null && isWanted()) {
          sink.listing(current.directory, current.entries, current.watched);
        }
      } else if (!readEntry(current)) {
        return;
      }
    }
  }

  private boolean beginListing() throws ProtocolException {
    if (!gathering.has(LISTING_HEAD_BYTES)) {
      return false;
    }
    int pathBytes = gathering.peekShort(1);
    if (!gathering.has(LISTING_HEAD_BYTES + pathBytes + LISTING_TAIL_BYTES)) {
      return false;
    }
    ByteBuffer in = gathering.unread();
    if (Fields.readByte(in) != LISTING || listingsLeft-- == 0) {
      throw new ProtocolException("no listing where one belongs");
    }
    RemotePath directory = Fields.readPath(in);
    if (directory != null) {
      checkPlace(directory);
    }
    boolean watched = Fields.readByte(in) != 0;
    int count = Fields.readBounded(in, entriesLeft, "names in a snapshot");
    entriesLeft -= count;
    listing = new Listing(directory, watched, count);
    return true;
  }

  private void checkPlace(RemotePath directory) throws ProtocolException {
    boolean isAskedFor =
        directory.startsWith(top) && directory.depth() - top.depth() < Math.max(bounds.depth(), 1);
    if (!isAskedFor) {
      throw new ProtocolException("a listing that nobody asked for");
    }
  }

  private boolean readEntry(Listing current) throws ProtocolException {
    if (!gathering.has(ENTRY_BYTES)) {
      return false;
    }
    int nameBytes = gathering.peekShort(Protocol.ATTRS_BYTES);
    if (nameBytes > RemotePath.NAME_MAX_BYTES) {
      throw new ProtocolException("a name of " + nameBytes + " bytes");
    }
    if (!gathering.has(ENTRY_BYTES + nameBytes)) {
      return false;
    }
    ByteBuffer in = gathering.unread();
    FileAttrs attrs = Fields.readAttrs(in);
    String name = Fields.strict(Fields.readText(in));
    current.left--;
    if (name != null) { // others cannot be shown, as over SFTP
      if (!RemotePath.isName(name)) {
        throw new ProtocolException("not a file name: " + Fields.printable(name));
      }
      current.entries.add(new DirEntry(name, attrs));
    }
    return true;
  }

  @Override
  Boolean done(ByteBuffer payload) throws ProtocolException {
    boolean isComplete = Fields.readByte(payload) != 0;
    watches.accept(Fields.readUnsigned(payload));
    if (listing != null || gathering.has(1)) {
      throw new ProtocolException("a snapshot that is cut off");
    }
    return isComplete;
  }
}
