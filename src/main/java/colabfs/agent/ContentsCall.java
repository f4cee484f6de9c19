package colabfs.agent;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.ContentSink;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks for contents of files and puts them together. Holds one file at a time. */
@SuppressWarnings("NullAway") // a future of Void has no value but null
final class ContentsCall extends Call<Void> {
  private static final int FILE = 1;
  private static final int PIECE = 2;
  private static final int END = 3;
  private static final int LEFT_OUT = 4;

  private static final int FILE_BYTES = 1 + Integer.BYTES + Protocol.ATTRS_BYTES;
  private static final int PIECE_HEAD_BYTES = 1 + Integer.BYTES;
  private static final int END_BYTES = 2;
  private static final int LEFT_OUT_HEAD_BYTES = 1 + Integer.BYTES + 1;

  /** Room for a file to begin with, whatever length is announced. */
  private static final int FIRST_BYTES = 64 * 1024;

  private final List<RemotePath> files;
  private final long maxFileBytes;
  private final ContentSink sink;
  private final Gathering gathering = new Gathering();
  private int next;
  private int pieceLeft;
  private @Nullable FileAttrs attrs;
  private byte[] content = new byte[0];
  private int contentBytes;

  ContentsCall(List<RemotePath> files, long maxFileBytes, ContentSink sink) {
    super("the contents of " + files.size() + " files");
    this.files = List.copyOf(files);
    this.maxFileBytes = Math.max(0, Math.min(maxFileBytes, Integer.MAX_VALUE - 64L));
    this.sink = sink;
  }

  @Override
  Outgoing.Message message(int number) {
    int bytes = 0;
    for (RemotePath file : files) {
      bytes += Fields.textBytes(Fields.bytes(file));
    }
    ByteBuffer names = ByteBuffer.allocate(bytes);
    files.forEach(file -> Fields.putText(names, Fields.bytes(file)));
    ByteBuffer frame =
        Frame.prepare(Protocol.CONTENTS, number, Long.BYTES + Integer.BYTES)
            .putLong(maxFileBytes)
            .putInt(files.size());
    return Outgoing.withBody(number, names.flip(), frame.flip());
  }

  @Override
  void chunk(ByteBuffer piece) throws ProtocolException {
    gathering.add(piece);
    boolean hasMore = true;
    while (hasMore) {
      hasMore = pieceLeft > 0 ? readPiece() : gathering.has(1) && readRecord();
    }
  }

  private boolean readRecord() throws ProtocolException {
    return switch (gathering.peekByte(0)) {
      case FILE -> gathering.has(FILE_BYTES) && beginFile();
      case PIECE -> gathering.has(PIECE_HEAD_BYTES) && beginPiece();
      case END -> gathering.has(END_BYTES) && endFile();
      case LEFT_OUT -> gathering.has(leftOutBytes()) && leaveOut();
      default -> throw new ProtocolException("no content where it belongs");
    };
  }

  private int leftOutBytes() {
    return gathering.has(LEFT_OUT_HEAD_BYTES)
        ? LEFT_OUT_HEAD_BYTES + gathering.peekByte(LEFT_OUT_HEAD_BYTES - 1)
        : LEFT_OUT_HEAD_BYTES;
  }

  private void expectIndex(ByteBuffer in) throws ProtocolException {
    if (attrs != null || Fields.readUnsigned(in) != next || next >= files.size()) {
      throw new ProtocolException("another file than the next one");
    }
  }

  private boolean beginFile() throws ProtocolException {
    ByteBuffer in = gathering.unread();
    in.get();
    expectIndex(in);
    FileAttrs told = Fields.readAttrs(in);
    if (!told.isRegular() || told.sizeBytes() > maxFileBytes) {
      throw new ProtocolException("a file that is longer than it may be, or none");
    }
    attrs = told;
    content = new byte[(int) Math.min(told.sizeBytes(), FIRST_BYTES)];
    contentBytes = 0;
    return true;
  }

  private boolean beginPiece() throws ProtocolException {
    ByteBuffer in = gathering.unread();
    in.get();
    if (attrs == null) {
      throw new ProtocolException("content of no file");
    }
    int most = (int) Math.min(attrs.sizeBytes() - contentBytes, Protocol.CHUNK_BYTES);
    pieceLeft = Fields.readBounded(in, most, "bytes of a file");
    return true;
  }

  private boolean readPiece() {
    ByteBuffer in = gathering.unread();
    int count = Math.min(pieceLeft, in.remaining());
    FileAttrs file = attrs;
    if (count == 0 || file == null) {
      return false;
    }
    if (contentBytes + count > content.length) {
      long grown = Math.max(contentBytes + (long) count, 2L * content.length);
      content = Arrays.copyOf(content, (int) Math.min(grown, file.sizeBytes()));
    }
    in.get(content, contentBytes, count);
    contentBytes += count;
    pieceLeft -= count;
    return true;
  }

  private boolean endFile() throws ProtocolException {
    ByteBuffer in = gathering.unread();
    in.get();
    boolean isGood = in.get() == 0;
    FileAttrs file = attrs;
    if (file == null || (isGood && contentBytes != file.sizeBytes())) {
      throw new ProtocolException("the end of a file that is not there in full");
    }
    RemotePath path = files.get(next++);
    byte[] whole = content;
    attrs = null;
    content = new byte[0];
    if (isWanted()) {
      if (isGood) {
        sink.content(path, file, whole);
      } else {
        sink.leftOut(path, Errno.EAGAIN);
      }
    }
    return true;
  }

  private boolean leaveOut() throws ProtocolException {
    ByteBuffer in = gathering.unread();
    in.get();
    expectIndex(in);
    byte[] name = Fields.readBytes(in, Fields.readByte(in));
    RemotePath path = files.get(next++);
    if (isWanted()) {
      sink.leftOut(path, errno(new String(name, StandardCharsets.US_ASCII)));
    }
    return true;
  }

  @Override
  Void done(ByteBuffer payload) throws ProtocolException {
    if (next != files.size() || attrs != null || gathering.has(1)) {
      throw new ProtocolException("contents that are cut off");
    }
    return null;
  }
}
