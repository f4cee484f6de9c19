package colabfs.agent;

import java.nio.ByteBuffer;

/** Asks for a sign of life; ends with the number of directories that are watched. */
final class PingCall extends Call<Long> {
  PingCall() {
    super("a sign of life");
  }

  @Override
  Outgoing.Message message(int number) {
    return Outgoing.one(Frame.prepare(Protocol.PING, number, 0).flip());
  }

  @Override
  Long done(ByteBuffer payload) throws ProtocolException {
    return Fields.readUnsigned(payload);
  }
}
