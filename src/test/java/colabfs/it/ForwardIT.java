package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ports that are forwarded over a mount's connection, through cuts of it. */
@Timeout(180)
final class ForwardIT {
  private static final int TEN_MEGABYTES = 10_000_000;

  @TempDir Path directory;
  private MountedRuntime runtime;
  private Relay relay;
  private WebServer web;
  private final byte[] small = "hello from there".getBytes(StandardCharsets.UTF_8);

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    relay = Relay.start(runtime.server.port(), Duration.ofMillis(20), 0);
    web = new WebServer(small);
  }

  @AfterEach
  void close() throws Exception {
    web.close();
    runtime.close();
    relay.close();
  }

  @Test
  @DisplayName("A forwarded port works again after the connection was lost and came back.")
  void localForward_carriesHttpThroughACut() throws Exception {
    mount();
    int port = freePort();
    assertThat(runtime.cli.works("forward", port + ":localhost:" + web.port()).out())
        .isEqualTo(
            "127.0.0.1:%d here -> localhost:%d on the runtime%n".formatted(port, web.port()));
    assertThat(get(port)).isEqualTo(small);
    Socket cutOff = slowRequest(port);
    relay.cut();
    assertBroken(cutOff);
    Awaitility.await().atMost(30, TimeUnit.SECONDS).untilAsserted(() -> assertGets(port));
  }

  @Test
  @DisplayName("Who calls a forwarded port while the connection is away waits for it.")
  void callWhileTheLinkIsAway_isAnsweredWhenItIsBack() throws Exception {
    mount();
    int port = freePort();
    runtime.cli.works("forward", port + ":localhost:" + web.port());
    relay.refuse(true);
    relay.cut();
    awaitState("reconnecting");
    CompletableFuture<byte[]> answer = CompletableFuture.supplyAsync(() -> getUnchecked(port));
    Awaitility.await().until(() -> forwards().path(0).path("connections").asInt() == 1);
    assertThat(answer).isNotDone();
    assertThat(forwards().path(0).path("open").asBoolean()).isFalse();
    relay.refuse(false);
    assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo(small);
  }

  @Test
  void callThatNobodyAnswersInTime_isCutOff() throws Exception {
    mount("--timeout=2");
    int port = freePort();
    runtime.cli.works("forward", port + ":localhost:" + web.port());
    relay.refuse(true);
    relay.cut();
    awaitState("reconnecting");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(20_000);
      assertBroken(socket);
    }
  }

  @Test
  @DisplayName("A port of the runtime that leads here is asked for again after a reconnect.")
  void remoteForward_carriesHttpThroughACut() throws Exception {
    mount();
    int port = freePort();
    runtime.cli.works("forward", "-R", port + ":localhost:" + web.port());
    assertThat(get(port)).isEqualTo(small);
    relay.cut();
    Awaitility.await().atMost(60, TimeUnit.SECONDS).untilAsserted(() -> assertGets(port));
    runtime.cli.works("forward", "--stop", "-R", Integer.toString(port));
    Awaitility.await().untilAsserted(() -> assertNothingListens(port));
  }

  @Test
  void socks_carriesHttpThroughACut_inAllItsVersions() throws Exception {
    mount();
    int port = freePort();
    runtime.cli.works("forward", "-D", Integer.toString(port));
    for (String version : List.of("socks4", "socks4a", "socks5", "socks5h")) {
      assertThat(curl(version, port)).as(version).isEqualTo("hello from there");
    }
    relay.cut();
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> curl("socks5h", port).equals("hello from there"));
  }

  @Test
  @DisplayName("What goes through a forwarded port arrives byte for byte, both ways.")
  void tenMegabytes_eachWay_arriveByteForByte() throws Exception {
    mount();
    byte[] large = new byte[TEN_MEGABYTES];
    new Random(1).nextBytes(large);
    try (WebServer largeWeb = new WebServer(large)) {
      int here = freePort();
      int there = freePort();
      runtime.cli.works(
          "forward",
          here + ":localhost:" + largeWeb.port(),
          "-R",
          there + ":localhost:" + largeWeb.port());
      for (int port : List.of(here, there)) {
        assertThat(get(port)).isEqualTo(large);
        assertThat(post(port, large)).isEqualTo(large);
      }
    }
  }

  @Test
  void twentyAtOnce_allAnswer() throws Exception {
    mount();
    byte[] body = new byte[200_000];
    new Random(2).nextBytes(body);
    int port = freePort();
    runtime.cli.works("forward", port + ":localhost:" + web.port());
    List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    for (int i = 0; i < 20; i++) {
      answers.add(
          client.sendAsync(
              request(port).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(),
              HttpResponse.BodyHandlers.ofByteArray()));
    }
    for (CompletableFuture<HttpResponse<byte[]>> answer : answers) {
      assertThat(answer.get(60, TimeUnit.SECONDS).body()).isEqualTo(body);
    }
  }

  /** Without a bound, forty megabytes would stand before each request: half a minute. */
  @Test
  void twentyUploadsOnASlowLink_leaveRoomForFiles() throws Exception {
    relay.close();
    relay = Relay.start(runtime.server.port(), Duration.ofMillis(80), 1_250_000);
    mount("--no-helper");
    int port = freePort();
    runtime.cli.works("forward", port + ":localhost:" + web.port());
    List<Socket> uploads = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
      uploads.add(socket);
      Thread sender = new Thread(() -> sendWithoutEnd(socket));
      sender.setDaemon(true);
      sender.start();
    }
    long before = relay.bytesUp();
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> relay.bytesUp() - before > 4_000_000);
    Files.writeString(runtime.root.resolve("fresh"), "content");
    long start = System.nanoTime();
    assertThat(runtime.inMount("cat fresh")).isEqualTo("content");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(18));
    for (Socket socket : uploads) {
      socket.close();
    }
  }

  private static void sendWithoutEnd(Socket socket) {
    try {
      socket
          .getOutputStream()
          .write(
              "POST / HTTP/1.0\r\nContent-Length: 1000000000\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      byte[] bytes = new byte[64 * 1024];
      while (!socket.isClosed()) {
        socket.getOutputStream().write(bytes);
      }
    } catch (IOException e) {
      return; // the test is over
    }
  }

  @Test
  void list_stop_andStatus_tellWhatThereIs() throws Exception {
    mount();
    int first = freePort();
    int second = freePort();
    runtime.cli.works("forward", Integer.toString(first), "-D", Integer.toString(second));
    assertThat(runtime.cli.works("status").out())
        .contains("forward   127.0.0.1:%d here -> localhost:%d".formatted(first, first))
        .contains("forward   127.0.0.1:%d here, SOCKS".formatted(second));
    assertThat(forwards()).hasSize(2);
    assertThat(runtime.cli.works("forward", "--stop", Integer.toString(first)).out())
        .isEqualTo("stopped -L %d:localhost:%d%n".formatted(first, first));
    assertNothingListens(first);
    assertThat(runtime.cli.works("forward", "--list").out())
        .isEqualTo("127.0.0.1:%d here, SOCKS -> the runtime's network%n".formatted(second));
    assertThat(runtime.cli.colabfs("forward", "--stop", "1").err()).contains("--list");
    runtime.cli.works("forward", "--stop", "all");
    assertThat(runtime.cli.works("forward", "--list").out()).isEqualTo("nothing is forwarded\n");
    runtime.cli.works("forward", Integer.toString(first));
    runtime.cli.works("umount");
    assertNothingListens(first);
  }

  @Test
  void portInUse_isNamed_andNothingIsForwarded() throws Exception {
    mount();
    int free = freePort();
    Cli.Ended refused =
        runtime.cli.colabfs("forward", Integer.toString(free), Integer.toString(web.port()));
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err())
        .contains("port %d of 127.0.0.1 is in use".formatted(web.port()))
        .contains("colabfs forward");
    assertNothingListens(free);
    assertThat(forwards()).isEmpty();
  }

  @Test
  void openBind_isWarnedOf() throws Exception {
    mount();
    int port = freePort();
    assertThat(runtime.cli.works("forward", "0.0.0.0:%d:localhost:22".formatted(port)).err())
        .contains("warning")
        .contains("'0.0.0.0'");
  }

  @Test
  void serverThatForwardsNothing_isToldOfAtOnce() throws Exception {
    runtime.close();
    runtime =
        new MountedRuntime(
            directory.resolve("strict"),
            OpenSshServer.Options.USUAL.withConfig("AllowTcpForwarding no"));
    runtime.init().mount();
    int port = freePort();
    Cli.Ended local = runtime.cli.colabfs("forward", Integer.toString(port));
    assertThat(local.status()).as(local + runtime.cli.log() + runtime.server.log()).isEqualTo(1);
    assertThat(local.err()).contains("AllowTcpForwarding");
    assertNothingListens(port);
    Cli.Ended both =
        runtime.cli.colabfs("forward", "-R", Integer.toString(port), "-D", "" + freePort());
    assertThat(both.err()).contains("AllowTcpForwarding");
    assertThat(forwards()).isEmpty();
  }

  private void mount(String... options) throws Exception {
    runtime.init(relay.port()).mount(options);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static HttpRequest.Builder request(int port) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
        .timeout(Duration.ofSeconds(30));
  }

  private static byte[] send(HttpRequest request) throws IOException, InterruptedException {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .build()
        .send(request, HttpResponse.BodyHandlers.ofByteArray())
        .body();
  }

  private static byte[] get(int port) throws IOException, InterruptedException {
    return send(request(port).build());
  }

  private static byte[] post(int port, byte[] body) throws IOException, InterruptedException {
    return send(request(port).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build());
  }

  private static byte[] getUnchecked(int port) {
    try {
      return get(port);
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void assertGets(int port) {
    try {
      assertThat(get(port)).isEqualTo(small);
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Socket slowRequest(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(20_000);
    socket
        .getOutputStream()
        .write("GET /slow HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    Awaitility.await().until(() -> web.waiting() > 0);
    return socket;
  }

  /** An end in order would pass a part of an answer off as the whole. */
  private static void assertBroken(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    assertThatThrownBy(in::readAllBytes)
        .isInstanceOf(java.net.SocketException.class)
        .hasMessageContaining("reset");
  }

  private static void assertNothingListens(int port) {
    assertThatThrownBy(
            () -> {
              try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2000);
              }
            })
        .isInstanceOf(ConnectException.class);
  }

  private String curl(String version, int port) throws IOException, InterruptedException {
    return runtime
        .cli
        .shell(
            directory,
            "curl -s --max-time 20 --proxy %s://127.0.0.1:%d http://127.0.0.1:%d/"
                .formatted(version, port, web.port()))
        .out();
  }

  private JsonNode forwards() throws Exception {
    return JsonMapper.builder()
        .build()
        .readTree(runtime.cli.works("forward", "--list", "--json").out())
        .path("forwards");
  }

  private void awaitState(String state) {
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> runtime.cli.works("status").out().contains(state));
  }
}
