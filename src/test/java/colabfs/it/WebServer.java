package colabfs.it;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A web server on 127.0.0.1: GET answers its body, POST what was sent, and {@code /slow} never ends
 * its answer.
 */
final class WebServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final byte[] body;
  private final AtomicInteger slow = new AtomicInteger();

  WebServer(byte[] body) throws IOException {
    this.body = body;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.createContext("/slow", this::answerSlowly);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** How many wait for the end of a slow answer. */
  int waiting() {
    return slow.get();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] sent = exchange.getRequestBody().readAllBytes();
      byte[] answer = exchange.getRequestMethod().equals("POST") ? sent : body;
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private void answerSlowly(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    exchange.getResponseBody().write('a');
    exchange.getResponseBody().flush();
    slow.incrementAndGet();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
