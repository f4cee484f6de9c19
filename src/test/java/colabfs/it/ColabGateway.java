package colabfs.it;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * A stand-in for Google's endpoint in front of a Colab runtime: a WebSocket in, a real OpenSSH
 * server behind, the pushed key authorised for that connection only, one connection at a time,
 * tokens that expire; and any misbehaviour that a test asks for.
 *
 * <p>Threading: any thread; two threads a connection, all daemons.
 */
public final class ColabGateway implements AutoCloseable {
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final int BUFFER_BYTES = 64 * 1024 - 1;

  /** What it does with who has come. */
  public enum Manner {
    /** As Google's does. */
    USUAL,
    /** Takes the connection and says nothing. */
    STALLED,
    /** Cuts what it sends into small fragments, with pings between them. */
    FRAGMENTS,
    /** Sends frames of noise instead of SSH. */
    GARBAGE,
    /** Sends a frame that claims to be 2^62 bytes long, and fills it with zeros, for ever. */
    HUGE_FRAME,
    /** Sends bytes that are no frame. */
    NO_FRAMES,
    /** Sends text. */
    TEXT_FRAME,
    /** Closes with a reason. */
    CLOSES,
    /** Answers the handshake with a wrong digest. */
    WRONG_DIGEST,
    /** Pings for ever, and sends nothing else. */
    PINGS
  }

  private final ServerSocket listener;
  private final OpenSshServer server;
  private final Set<String> tokens = ConcurrentHashMap.newKeySet();
  private final List<String> pushedKeys = new CopyOnWriteArrayList<>();
  private final List<String> paths = new CopyOnWriteArrayList<>();
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private volatile Manner manner = Manner.USUAL;
  private volatile int status;
  private volatile Runnable beforeAnswer = () -> {};
  private volatile int upstream;
  private final AtomicInteger pongs = new AtomicInteger();
  private final AtomicInteger accepted = new AtomicInteger();
  private final AtomicInteger goodbyes = new AtomicInteger();

  @GuardedBy("this")
  private @Nullable Link current;

  private ColabGateway(OpenSshServer server, ServerSocket listener) throws IOException {
    this.server = server;
    this.upstream = server.port();
    this.listener = listener;
    Files.writeString(server.authorizedKeys(), ""); // only what is pushed may log in
    daemon("gateway-accept", this::accept);
  }

  /** Without TLS. */
  public static ColabGateway start(OpenSshServer server) throws IOException {
    return start(server, ServerSocketFactory.getDefault());
  }

  public static ColabGateway start(OpenSshServer server, ServerSocketFactory sockets)
      throws IOException {
    return new ColabGateway(
        server, sockets.createServerSocket(0, 50, InetAddress.getLoopbackAddress()));
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** Lets this token in, until {@link #expire}. */
  public ColabGateway allow(String token) {
    tokens.add(token);
    return this;
  }

  public void expire(String token) {
    tokens.remove(token);
  }

  public void behave(Manner next) {
    manner = next;
  }

  /** Answers every request with that HTTP status; 0 for none. */
  public void answer(int httpStatus) {
    status = httpStatus;
  }

  /** Does that before each answer to a request. */
  public void beforeAnswer(Runnable hook) {
    beforeAnswer = hook;
  }

  /** Leads to another server's port. */
  public void leadTo(OpenSshServer other) {
    upstream = other.port();
  }

  /** The keys that were pushed, in order. */
  public List<String> pushedKeys() {
    return List.copyOf(pushedKeys);
  }

  public List<String> paths() {
    return List.copyOf(paths);
  }

  public int pongs() {
    return pongs.get();
  }

  /** How many connections were led to the server. */
  public int accepted() {
    return accepted.get();
  }

  /** How many clients closed in order. */
  public int goodbyes() {
    return goodbyes.get();
  }

  public synchronized boolean isHeld() {
    return current != null;
  }

  /** Cuts what is open, without a word. */
  public void cut() {
    links.forEach(Link::close);
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }

  private static void daemon(String name, Runnable body) {
    Thread thread = new Thread(body, name);
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Link link = new Link(listener.accept());
        links.add(link);
        daemon("gateway", link::run);
      } catch (IOException e) {
        // closed, or nobody there any longer
      }
    }
  }

  private synchronized boolean claim(Link link) {
    if (current != null) {
      return false;
    }
    current = link;
    return true;
  }

  private synchronized void release(Link link) throws IOException {
    if (current == link) {
      current = null;
      Files.writeString(server.authorizedKeys(), "");
    }
  }

  /** One client. */
  private final class Link {
    private final Socket client;
    private @Nullable Socket target;

    Link(Socket client) throws IOException {
      this.client = client;
      client.setTcpNoDelay(true);
    }

    void close() {
      links.remove(this);
      for (Socket socket : target == null ? List.of(client) : List.of(client, target)) {
        try {
          socket.close();
        } catch (IOException e) {
          // closed already
        }
      }
    }

    void run() {
      try {
        DataInputStream in =
            new DataInputStream(new BufferedInputStream(client.getInputStream(), BUFFER_BYTES));
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        String request = line(in);
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
          int colon = line.indexOf(':');
          headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
        }
        String path = request.split(" ", -1)[1];
        paths.add(path);
        if (manner == Manner.STALLED) {
          in.readFully(new byte[1]);
        }
        String key = headers.getOrDefault("X-Colab-Ssh-Pubkey", "");
        int answer = verdict(path, key);
        beforeAnswer.run();
        if (answer != 101) {
          refuse(answer);
          return;
        }
        pushedKeys.add(key);
        Files.writeString(server.authorizedKeys(), key + "\n");
        OutputStream out = client.getOutputStream();
        welcome(out, headers.getOrDefault("Sec-WebSocket-Key", ""));
        serve(out, new WebSocketFrames(in, new DataOutputStream(out)));
      } catch (IOException | NoSuchAlgorithmException | RuntimeException e) {
        // the client has gone, or was no client
      } finally {
        close();
        try {
          release(this);
        } catch (IOException e) {
          // the test's directory is gone
        }
      }
    }

    private int verdict(String path, String key) {
      if (status != 0) {
        return status;
      }
      String prefix = "/colab/ssh?colab-runtime-proxy-token=";
      if (!path.startsWith(prefix)) {
        return 404;
      }
      String token = URLDecoder.decode(path.substring(prefix.length()), StandardCharsets.UTF_8);
      if (!tokens.contains(token)) {
        return 401;
      }
      if (!key.startsWith("ssh-ed25519 ") && !key.startsWith("ecdsa-sha2-nistp")) {
        return 400;
      }
      return claim(this) ? 101 : 429;
    }

    private void refuse(int answer) throws IOException {
      client
          .getOutputStream()
          .write(
              "HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                  .formatted(answer)
                  .getBytes(StandardCharsets.US_ASCII));
      client.shutdownOutput();
    }

    private void welcome(OutputStream out, String nonce)
        throws IOException, NoSuchAlgorithmException {
      String text = manner == Manner.WRONG_DIGEST ? "wrong" : nonce + GUID;
      String digest =
          Base64.getEncoder()
              .encodeToString(
                  MessageDigest.getInstance("SHA-1")
                      .digest(text.getBytes(StandardCharsets.US_ASCII)));
      out.write(
          ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  + "Sec-WebSocket-Accept: "
                  + digest
                  + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      out.flush();
    }

    private void serve(OutputStream out, WebSocketFrames frames) throws IOException {
      switch (manner) {
        case GARBAGE -> {
          byte[] noise = new byte[1000];
          for (int i = 0; i < noise.length; i++) {
            noise[i] = (byte) (i * 37 + 11);
          }
          while (true) {
            frames.send(WebSocketFrames.FIN | WebSocketFrames.BINARY, noise, noise.length);
          }
        }
        case HUGE_FRAME -> frames.sendEndlessFrame();
        case NO_FRAMES -> {
          while (true) {
            out.write("SSH-2.0-OpenSSH_9.2\r\n".getBytes(StandardCharsets.US_ASCII));
          }
        }
        case PINGS -> {
          while (true) {
            frames.send(WebSocketFrames.FIN | WebSocketFrames.PING, new byte[] {1}, 1);
          }
        }
        case TEXT_FRAME -> {
          byte[] words = "quota \u001b[2J exceeded".getBytes(StandardCharsets.UTF_8);
          frames.send(WebSocketFrames.FIN | WebSocketFrames.TEXT, words, words.length);
          frames.next();
        }
        case CLOSES -> {
          frames.sayGoodbye(1013, "maintenance");
          client.shutdownOutput();
        }
        default -> join(frames);
      }
    }

    private void join(WebSocketFrames frames) throws IOException {
      Socket there = new Socket(InetAddress.getLoopbackAddress(), upstream);
      target = there;
      accepted.incrementAndGet();
      there.setTcpNoDelay(true);
      daemon("gateway-down", () -> down(there, frames));
      OutputStream toServer = there.getOutputStream();
      while (true) {
        switch (frames.next()) {
          case WebSocketFrames.BINARY, WebSocketFrames.CONTINUATION ->
              toServer.write(frames.payload(), 0, frames.length());
          case WebSocketFrames.PONG -> pongs.incrementAndGet();
          case WebSocketFrames.CLOSE -> {
            goodbyes.incrementAndGet();
            return;
          }
          default -> throw new IOException("an unexpected frame");
        }
      }
    }

    private void down(Socket there, WebSocketFrames frames) {
      byte[] bytes = new byte[BUFFER_BYTES];
      try {
        InputStream from = there.getInputStream();
        for (int count = from.read(bytes); count >= 0; count = from.read(bytes)) {
          if (manner == Manner.FRAGMENTS) {
            frames.sendInFragments(bytes, count);
          } else {
            frames.send(WebSocketFrames.FIN | WebSocketFrames.BINARY, bytes, count);
          }
        }
        frames.sayGoodbye(1000, "");
        client.shutdownOutput();
      } catch (IOException e) {
        close();
      }
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException();
      }
      if (c != '\r') {
        text.append((char) c);
      }
    }
    return text.toString();
  }
}
