package colabfs.ssh;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Opens WebSockets, by way of the environment's proxies.
 *
 * <p>Threading: any thread; threads of its own end when they have been idle for a minute.
 */
final class WebSockets {
  static {
    // Java sends a proxy no password for a tunnel unless told; the proxy of this user is trusted
    // with it, as by curl.
    if (System.getProperty("jdk.http.auth.tunneling.disabledSchemes") == null) {
      System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
    }
  }

  private final WebProxy proxy;
  private @Nullable HttpClient client;

  WebSockets(WebProxy proxy) {
    this.proxy = proxy;
  }

  WebProxy proxy() {
    return proxy;
  }

  /**
   * Opens one, with one header of the caller's own. Ends with java.net.http's exceptions; nothing
   * blocks. A WebSocket that comes when the future was cancelled is left at once.
   */
  CompletableFuture<WebSocketStream> open(
      URI address, String header, String value, String name, Duration patience) {
    WebSocketStream stream = new WebSocketStream(name);
    WebProxy.Way way = proxy.to(address);
    CompletableFuture<WebSocketStream> result = new CompletableFuture<>();
    HttpClient http = client();
    http.executor()
        .orElseThrow()
        .execute( // since names are looked up on the calling thread
            () -> {
              try {
                WebSocket.Builder builder =
                    http.newWebSocketBuilder().connectTimeout(patience).header(header, value);
                if (way != null && way.authorization() != null) {
                  builder.header("Proxy-Authorization", way.authorization());
                }
                var unused =
                    builder
                        .buildAsync(address, stream)
                        .whenComplete(
                            (socket, failure) -> {
                              if (failure != null) {
                                result.completeExceptionally(failure);
                              } else if (!result.complete(stream)) {
                                stream.close();
                              }
                            });
              } catch (RuntimeException e) {
                result.completeExceptionally(e);
              }
            });
    return result;
  }

  private synchronized HttpClient client() {
    HttpClient made = client;
    if (made == null) {
      made = HttpClient.newBuilder().proxy(proxy).executor(threads()).build();
      client = made;
    }
    return made;
  }

  private static ExecutorService threads() {
    return Executors.newCachedThreadPool(
        work -> {
          Thread thread = new Thread(work, "colabfs-websocket");
          thread.setDaemon(true);
          return thread;
        });
  }
}
