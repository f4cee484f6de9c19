package colabfs.ssh;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.sshd.common.kex.KexProposalOption;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.jspecify.annotations.Nullable;

/**
 * How far one session has come, and what the other end said on the way: the material of a good
 * error message.
 *
 * <p>Threading: MINA's threads write, any thread reads.
 */
final class Progress implements SessionListener {
  private static final int MAX_LINES = 3;
  private static final int MAX_LINE = 200;

  private final CompletableFuture<Void> keysAgreed = new CompletableFuture<>();
  private final List<String> strangeLines = new ArrayList<>();
  private @Nullable Session session;
  private @Nullable String serverVersion;
  private @Nullable String disconnectMessage;
  private @Nullable Throwable failure;

  /** Listens to the first session that is made, and to no other of the same client. */
  private synchronized boolean isOurs(Session other) {
    if (session == null) {
      session = other;
    }
    return other == session;
  }

  /** Ends when the keys are exchanged, the server's key accepted; or when the session ends. */
  CompletableFuture<Void> keysAgreed() {
    return keysAgreed;
  }

  /** What the server calls itself ({@code SSH-2.0-OpenSSH_9.2p1}), once it has. */
  synchronized @Nullable String serverVersion() {
    return serverVersion;
  }

  /** What came where an SSH server's greeting was expected; printable characters only. */
  synchronized List<String> strangeLines() {
    return List.copyOf(strangeLines);
  }

  /** Why the other end hung up, in its own words. */
  synchronized @Nullable String disconnectMessage() {
    return disconnectMessage;
  }

  /** The first thing that went wrong. */
  synchronized @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public void sessionCreated(Session created) {
    isOurs(created);
  }

  @Override
  public synchronized void sessionPeerIdentificationLine(
      Session from, String line, List<String> extraLines) {
    if (isOurs(from) && strangeLines.size() < MAX_LINES) {
      strangeLines.add(printable(line));
    }
  }

  @Override
  public synchronized void sessionPeerIdentificationReceived(
      Session from, String version, List<String> extraLines) {
    if (isOurs(from)) {
      serverVersion = printable(version);
    }
  }

  @Override
  public void sessionNegotiationEnd(
      Session from,
      Map<KexProposalOption, String> clientProposal,
      Map<KexProposalOption, String> serverProposal,
      Map<KexProposalOption, String> negotiated,
      @Nullable Throwable reason) {
    if (reason != null && isOurs(from)) {
      fail(reason);
    }
  }

  @Override
  public void sessionEvent(Session from, Event event) {
    if (isOurs(from) && event == Event.KeyEstablished) {
      keysAgreed.complete(null);
    }
  }

  @Override
  public void sessionException(Session from, Throwable reason) {
    if (isOurs(from)) {
      fail(reason);
    }
  }

  @Override
  public void sessionDisconnect(
      Session from, int reason, String message, String language, boolean initiator) {
    if (isOurs(from) && !initiator) {
      synchronized (this) {
        disconnectMessage = printable(message);
      }
    }
  }

  @Override
  public void sessionClosed(Session from) {
    if (isOurs(from)) {
      keysAgreed.completeExceptionally(new java.io.EOFException("the connection was closed"));
    }
  }

  private void fail(Throwable reason) {
    synchronized (this) {
      if (failure == null) {
        failure = reason;
      }
    }
    keysAgreed.completeExceptionally(reason);
  }

  private static String printable(@Nullable String text) {
    String line = text == null ? "" : text;
    String shown = line.replaceAll("[^\\x20-\\x7e]", "?").strip();
    return shown.length() > MAX_LINE ? shown.substring(0, MAX_LINE) + "..." : shown;
  }
}
