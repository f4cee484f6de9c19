package colabfs.agent;

import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteJobs.Ended;
import colabfs.remote.RemoteJobs.Stream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Follows a job's output. No more is taken than was granted, and each stream only in order: a
 * helper that sends anything else is ended.
 */
final class AttachCall extends Call<Ended> {
  private static final int STDOUT = 1;
  private static final int STDERR = 2;
  private static final int GAP = 3;
  private static final int STATE = 4;
  private static final int MODES = 5;

  /** Holes in the output of a job that is told from its beginning: far more than there can be. */
  private static final int MOST_NOTES = 10_000;

  /** The helper tells of 64 settings at most. */
  private static final int MOST_MODES_BYTES = 4096;

  private final byte[] id;
  private final int windowBytes;
  private final RemoteJobs.Output output;
  private final Map<Stream, Long> offsets = new EnumMap<>(Stream.class);

  /** What may still be sent. */
  private final AtomicLong room;

  private volatile int number;
  private int notes;

  AttachCall(
      String id, long stdoutOffset, long stderrOffset, int windowBytes, RemoteJobs.Output output) {
    super("the output of job " + id);
    this.id = id.getBytes(StandardCharsets.US_ASCII);
    this.windowBytes = windowBytes;
    this.room = new AtomicLong(windowBytes);
    this.output = output;
    offsets.put(Stream.STDOUT, stdoutOffset);
    offsets.put(Stream.STDERR, stderrOffset);
  }

  @Override
  Outgoing.Message message(int request) {
    number = request;
    ByteBuffer frame =
        Frame.prepare(
            Protocol.ATTACH, request, Fields.textBytes(id) + 2 * Long.BYTES + Integer.BYTES);
    Fields.putText(frame, id);
    frame.putLong(offset(Stream.STDOUT)).putLong(offset(Stream.STDERR)).putInt(windowBytes);
    return Outgoing.one(frame.flip());
  }

  /** The frame that grants more, with the number of the request that it is for. */
  ByteBuffer grant(int bytes) {
    room.addAndGet(bytes);
    return Frame.prepare(Protocol.GRANT, number, 2 * Integer.BYTES)
        .putInt(number)
        .putInt(bytes)
        .flip();
  }

  private long offset(Stream stream) {
    return offsets.getOrDefault(stream, 0L);
  }

  @Override
  void output(ByteBuffer payload) throws ProtocolException {
    int what = Fields.readByte(payload);
    switch (what) {
      case STDOUT -> bytes(Stream.STDOUT, payload);
      case STDERR -> bytes(Stream.STDERR, payload);
      case GAP -> gap(payload);
      case STATE -> state(payload);
      case MODES -> modes(payload);
      default -> throw new ProtocolException("no output of a job: " + what);
    }
  }

  private void bytes(Stream stream, ByteBuffer payload) throws ProtocolException {
    long offset = Fields.readLength(payload);
    ByteBuffer piece = Chunks.open(payload);
    int count = piece.remaining();
    if (offset != offset(stream) || room.addAndGet(-count) < 0) {
      throw new ProtocolException("output that was not asked for");
    }
    offsets.put(stream, offset + count);
    byte[] bytes = Fields.readBytes(piece, count);
    if (isWanted() && count > 0) {
      output.bytes(stream, offset, bytes);
    }
  }

  private void gap(ByteBuffer payload) throws ProtocolException {
    int stream = Fields.readByte(payload);
    long from = Fields.readLength(payload);
    long to = Fields.readLength(payload);
    Fields.requireEnd(payload);
    countNote();
    boolean isKnown = stream == STDOUT || stream == STDERR;
    Stream which = stream == STDERR ? Stream.STDERR : Stream.STDOUT;
    if (!isKnown || from != offset(which) || to <= from) {
      throw new ProtocolException("a hole where there is none");
    }
    offsets.put(which, to);
    if (isWanted()) {
      output.gap(which, from, to);
    }
  }

  /** What is no output and was not granted must come to an end. */
  private void countNote() throws ProtocolException {
    if (++notes > MOST_NOTES) {
      throw new ProtocolException("holes without end");
    }
  }

  private void state(ByteBuffer payload) throws ProtocolException {
    countNote();
    long input = Fields.readLength(payload);
    long stdout = Fields.readLength(payload);
    long stderr = Fields.readLength(payload);
    Fields.require(payload, Long.BYTES);
    payload.getLong(); // when it was started: the list of jobs tells that, too
    Fields.requireEnd(payload);
    if (isWanted()) {
      output.state(input, stdout, stderr);
    }
  }

  private void modes(ByteBuffer payload) throws ProtocolException {
    countNote();
    if (payload.remaining() > MOST_MODES_BYTES) {
      throw new ProtocolException("a terminal with more settings than there are");
    }
    byte[] sequences = Fields.readBytes(payload, payload.remaining());
    if (isWanted()) {
      output.modes(sequences);
    }
  }

  @Override
  Ended done(ByteBuffer payload) throws ProtocolException {
    Fields.require(payload, Integer.BYTES);
    int code = payload.getInt();
    String signal = Fields.printable(new String(Fields.readText(payload), StandardCharsets.UTF_8));
    return new Ended(
        ExitCodes.code(code, signal),
        signal,
        Fields.readLength(payload),
        Fields.readLength(payload));
  }
}
