package colabfs.ssh;

import java.net.ProtocolException;
import org.apache.sshd.sftp.common.SftpConstants;

/**
 * The server's "no" as it came: a number of draft-ietf-secsh-filexfer and a few words. It never
 * leaves the room: {@link SftpErrors} says what it means.
 */
final class SftpStatus extends Exception {
  private static final long serialVersionUID = 1L;

  private final int code;

  SftpStatus(int code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  int code() {
    return code;
  }

  boolean is(int wanted) {
    return code == wanted;
  }

  /** Reads the fields of a STATUS; old servers leave the words out. */
  static SftpStatus of(SftpReply reply) throws ProtocolException {
    int code = reply.int32();
    String words = reply.hasMore() ? reply.text() : "";
    return new SftpStatus(
        code, words.isEmpty() ? SftpConstants.getStatusName(code) : shown(words, code));
  }

  private static String shown(String words, int code) {
    String cut = words.length() > 200 ? words.substring(0, 200) : words;
    return cut.replaceAll("\\p{Cntrl}", "?") + " (status " + code + ")";
  }
}
