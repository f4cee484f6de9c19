package colabfs.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An HTTP proxy on 127.0.0.1 that only tunnels (CONNECT), for one user with a password.
 *
 * <p>Threading: any thread; two threads a tunnel, all daemons.
 */
public final class ConnectProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final String authorization;
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  public ConnectProxy(String user, String password) throws IOException {
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.authorization =
        "proxy-authorization: basic "
            + Base64.getEncoder()
                .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    daemon(this::accept);
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** The request lines that were seen. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  private static void daemon(Runnable body) {
    Thread thread = new Thread(body, "connect-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        sockets.add(client);
        daemon(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      List<String> head = head(client.getInputStream());
      requests.add(head.get(0));
      String[] words = head.get(0).split("[ :]", -1);
      OutputStream out = client.getOutputStream();
      boolean allowed =
          head.stream()
              .anyMatch(
                  line ->
                      line.length() == authorization.length()
                          && line.toLowerCase(Locale.ROOT)
                              .equals(authorization.toLowerCase(Locale.ROOT)));
      if (!allowed || !words[0].equals("CONNECT")) {
        out.write(
            String.join(
                    "\r\n",
                    "HTTP/1.1 407 Who are you",
                    "Proxy-Authenticate: Basic realm=\"tests\"",
                    "Content-Length: 0",
                    "",
                    "")
                .getBytes(StandardCharsets.US_ASCII));
        return;
      }
      try (Socket target = new Socket(words[1], Integer.parseInt(words[2]))) {
        sockets.add(target);
        out.write("HTTP/1.1 200 Go ahead\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        daemon(() -> copy(client, target));
        copy(target, client);
      }
    } catch (IOException e) {
      // one of them has gone
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      // one of them has gone
    }
  }

  private static List<String> head(InputStream in) throws IOException {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0; c = in.read()) {
      if (c == '\n') {
        if (line.length() == 0) {
          break;
        }
        lines.add(line.toString());
        line.setLength(0);
      } else if (c != '\r') {
        line.append((char) c);
      }
    }
    return lines;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
