package colabfs.agent;

import java.nio.ByteBuffer;

/** Ends when all news of what happened before it have been told. */
@SuppressWarnings("NullAway") // a future of Void has no value but null
final class CatchUpCall extends Call<Void> {
  CatchUpCall() {
    super("the news until now");
  }

  @Override
  Outgoing.Message message(int number) {
    return Outgoing.one(Frame.prepare(Protocol.CATCH_UP, number, 0).flip());
  }

  @Override
  Void done(ByteBuffer payload) {
    return null;
  }
}
