package colabfs.ssh;

import colabfs.core.FileAttrs;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import org.apache.sshd.sftp.common.SftpConstants;

/** Reads the answer to one kind of request, on the link's thread, while the packet is valid. */
@FunctionalInterface
interface SftpAnswer<T> {

  /**
   * The answer's value.
   *
   * @throws SftpStatus when the server refuses
   * @throws ProtocolException when the packet cannot be an answer to that request
   */
  T read(SftpReply reply) throws SftpStatus, ProtocolException;

  /** Handles longer than this are no handles (draft-ietf-secsh-filexfer-02, section 6.2). */
  int MAX_HANDLE_BYTES = 256;

  @SuppressWarnings("NullAway") // a future of Void has no value but null
  SftpAnswer<Void> OK =
      reply -> {
        if (reply.type() != SftpConstants.SSH_FXP_STATUS) {
          throw unexpected(reply);
        }
        SftpStatus status = SftpStatus.of(reply);
        if (!status.is(SftpConstants.SSH_FX_OK)) {
          throw status;
        }
        return (Void) null;
      };

  SftpAnswer<FileAttrs> ATTRS = reply -> SftpAttrs.read(expect(reply, SftpConstants.SSH_FXP_ATTRS));

  SftpAnswer<byte[]> HANDLE = reply -> handle(expect(reply, SftpConstants.SSH_FXP_HANDLE));

  /** The only name of an answer to REALPATH or READLINK, as bytes. */
  SftpAnswer<byte[]> ONE_NAME =
      reply -> {
        expect(reply, SftpConstants.SSH_FXP_NAME);
        if (reply.int32() != 1) {
          throw new ProtocolException("an answer of several names where one was asked for");
        }
        return reply.bytes();
      };

  /** Content that was read: never empty, never more than asked for. */
  static SftpAnswer<ByteBuffer> data(int askedBytes) {
    return reply -> {
      ByteBuffer content = expect(reply, SftpConstants.SSH_FXP_DATA).content();
      if (content.remaining() > askedBytes || !content.hasRemaining()) {
        throw new ProtocolException(
            "%d bytes of content where %d were asked for"
                .formatted(content.remaining(), askedBytes));
      }
      return content;
    };
  }

  static byte[] handle(SftpReply reply) throws ProtocolException {
    byte[] handle = reply.bytes();
    if (handle.length > MAX_HANDLE_BYTES) {
      throw new ProtocolException("a handle of " + handle.length + " bytes");
    }
    return handle;
  }

  static SftpReply expect(SftpReply reply, int type) throws SftpStatus, ProtocolException {
    if (reply.type() == SftpConstants.SSH_FXP_STATUS) {
      throw SftpStatus.of(reply);
    }
    if (reply.type() != type) {
      throw unexpected(reply);
    }
    return reply;
  }

  private static ProtocolException unexpected(SftpReply reply) {
    return new ProtocolException("an SFTP answer of type " + reply.type() + " nobody asked for");
  }
}
