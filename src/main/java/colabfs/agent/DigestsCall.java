package colabfs.agent;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.BlockDigests;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks for the digests of a file's blocks. */
final class DigestsCall extends Call<BlockDigests> {
  private final RemotePath file;
  private final int blockBytes;
  private final Gathering gathering = new Gathering();
  private final List<byte[]> digests = new ArrayList<>();
  private @Nullable FileAttrs attrs;

  DigestsCall(RemotePath file, int blockBytes) {
    super("the digests of " + file);
    this.file = file;
    this.blockBytes = blockBytes;
  }

  @Override
  Outgoing.Message message(int number) {
    byte[] path = Fields.bytes(file);
    ByteBuffer frame =
        Frame.prepare(Protocol.DIGESTS, number, Integer.BYTES + Fields.textBytes(path))
            .putInt(blockBytes);
    Fields.putText(frame, path);
    return Outgoing.one(frame.flip());
  }

  @Override
  void chunk(ByteBuffer piece) throws ProtocolException {
    gathering.add(piece);
    if (attrs == null && gathering.has(Protocol.ATTRS_BYTES)) {
      attrs = Fields.readAttrs(gathering.unread());
      if (blocks(attrs) > Protocol.BLOCKS) {
        throw new ProtocolException("more blocks than may be");
      }
    }
    while (attrs != null && gathering.has(BlockDigests.DIGEST_BYTES)) {
      if (digests.size() >= blocks(attrs)) {
        throw new ProtocolException("more digests than blocks");
      }
      digests.add(Fields.readBytes(gathering.unread(), BlockDigests.DIGEST_BYTES));
    }
  }

  private long blocks(FileAttrs file) {
    return file.sizeBytes() / blockBytes + (file.sizeBytes() % blockBytes == 0 ? 0 : 1);
  }

  @Override
  BlockDigests done(ByteBuffer payload) throws ProtocolException {
    if (attrs == null || digests.size() != blocks(attrs) || gathering.has(1)) {
      throw new ProtocolException("digests that are cut off");
    }
    return new BlockDigests(attrs, digests);
  }
}
