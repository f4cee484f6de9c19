package colabfs.ssh;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;

/**
 * The channels that every connection begins with.
 *
 * @param whoAmI a command that tells who the login is; null where that is known
 */
record FirstChannels(
    CompletableFuture<ChannelLink> metadata,
    CompletableFuture<ChannelLink> bulk,
    @Nullable ExecChannel whoAmI) {

  /** Text for the login's shell; every shell that a login may have reads it the same. */
  private static final String WHO_AM_I = "id -u; id -g; id -G";

  private static final int SFTP_CHANNELS = 2;
  private static final int OPEN_BYTES = 32;

  /** Opens them on a session that is logged in. */
  static FirstChannels open(ClientSession session, Traffic traffic, boolean asksWho) {
    return open(session, traffic, asksWho, false);
  }

  private static FirstChannels open(
      ClientSession session, Traffic traffic, boolean asksWho, boolean requested) {
    return new FirstChannels(
        ChannelLink.open(session, traffic, requested),
        ChannelLink.open(session, traffic, requested),
        asksWho ? whoAmI(session, traffic, requested) : null);
  }

  private static ExecChannel whoAmI(ClientSession session, Traffic traffic, boolean requested) {
    return ExecChannel.open(session, WHO_AM_I, traffic, requested);
  }

  /** For a connection that turned out not to know who the login is. */
  static ExecChannel whoAmI(ClientSession session, Traffic traffic) {
    return whoAmI(session, traffic, false);
  }

  /**
   * The request for these channels that is sent right behind a login which is sure to be let in,
   * instead of after the server's word: one round trip less. A server that reads one message after
   * the other has let us in when it comes to this one. It may do otherwise (RFC 4252, section 6
   * makes it hang up when the login was not good), so only OpenSSH is asked like that, which then
   * says that it has not understood, and goes on with the login.
   *
   * <p>Threading: MINA's thread of the connection tells, the one that connects reads.
   */
  static final class Early {
    private final Traffic traffic;
    private final boolean asksWho;
    private final boolean allowed;
    private boolean pending;
    private boolean asked;
    private final CompletableFuture<Optional<FirstChannels>> made = new CompletableFuture<>();

    Early(Traffic traffic, boolean asksWho, boolean allowed) {
      this.traffic = traffic;
      this.asksWho = asksWho;
      this.allowed = allowed;
    }

    /** Asks for the channels, once; what came before in this session must be the login. */
    synchronized void ask(ClientSession session) throws IOException {
      if (asked || !allowed || !isOpenSsh(session)) {
        return;
      }
      asked = true;
      pending = true;
      long window = CoreModuleProperties.WINDOW_SIZE.getRequired(session);
      for (int number = 0; number < SFTP_CHANNELS; number++) {
        request(session, number, window);
      }
      if (asksWho) {
        request(session, SFTP_CHANNELS, ExecChannel.WINDOW_BYTES);
      }
    }

    private static boolean isOpenSsh(ClientSession session) {
      String version = session.getServerVersion();
      return version != null && version.startsWith("SSH-2.0-OpenSSH_");
    }

    /** MINA numbers its channels in the order in which they are made. */
    private static void request(ClientSession session, int number, long window) throws IOException {
      Buffer open = session.createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN, OPEN_BYTES);
      open.putString("session");
      open.putUInt(number);
      open.putUInt(window);
      open.putUInt(CoreModuleProperties.MAX_PACKET_SIZE.getRequired(session));
      session.writePacket(open);
    }

    /** The login that it was sent behind was not good: the server has not opened any channel. */
    synchronized void refused() {
      pending = false;
    }

    /** A login was good: makes the channels, before anything is read that is for them. */
    void loggedIn(ClientSession session) {
      boolean opening;
      synchronized (this) {
        opening = pending;
        pending = false;
      }
      made.complete(
          opening ? Optional.of(open(session, traffic, asksWho, true)) : Optional.empty());
    }

    /** Whether they were asked for in a session in which no login was good. */
    synchronized boolean wasInVain() {
      return asked && !made.isDone();
    }

    /** Ends, soon after the login was good, with what was opened. */
    CompletableFuture<Optional<FirstChannels>> made() {
      return made;
    }
  }
}
