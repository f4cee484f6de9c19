package colabfs.ssh;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which HTTP proxy leads to an address, by the environment, as curl reads it: {@code https_proxy},
 * {@code http_proxy} (in lower case only: a web server sets the other for its programs), {@code
 * all_proxy}, {@code no_proxy}. The proxy's password is in no message.
 *
 * <p>Threading: immutable.
 */
final class WebProxy extends ProxySelector {
  private static final int USUAL_PORT = 1080;
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;

  private final Map<String, String> environment;

  private WebProxy(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  static WebProxy ofEnvironment(Map<String, String> environment) {
    return new WebProxy(environment);
  }

  /**
   * A proxy.
   *
   * @param authorization what its header is to hold; null without a password
   */
  record Way(String host, int port, @Nullable String authorization) {
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /**
   * The proxy to an http or https (ws or wss) address; null for none.
   *
   * @throws IllegalArgumentException when a variable cannot be understood; the message is for the
   *     user
   */
  @Nullable Way to(URI address) {
    String scheme = address.getScheme().toLowerCase(Locale.ROOT);
    boolean isSecure = scheme.equals("https") || scheme.equals("wss");
    int port = address.getPort() > 0 ? address.getPort() : isSecure ? HTTPS_PORT : HTTP_PORT;
    if (isExempt(address.getHost(), port)) {
      return null;
    }
    List<String> names =
        isSecure
            ? List.of("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
            : List.of("http_proxy", "all_proxy", "ALL_PROXY");
    for (String name : names) {
      String text = environment.getOrDefault(name, "").strip();
      if (!text.isEmpty()) {
        return parse(name, text);
      }
    }
    return null;
  }

  private static Way parse(String variable, String text) {
    try {
      URI uri = new URI(text.contains("://") ? text : "http://" + text);
      String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
      if (!scheme.equals("http")) {
        throw new IllegalArgumentException(
            "the variable %s names a proxy of kind '%s', and only http:// ones are known here. Name one, or put the host into no_proxy."
                .formatted(variable, scheme));
      }
      if (uri.getHost() == null) {
        throw unreadable(variable);
      }
      String user = uri.getRawUserInfo();
      return new Way(
          uri.getHost(),
          uri.getPort() > 0 ? uri.getPort() : USUAL_PORT,
          user == null ? null : basic(user));
    } catch (URISyntaxException e) {
      throw unreadable(variable); // without its cause, whose text holds the password
    }
  }

  private static IllegalArgumentException unreadable(String variable) {
    return new IllegalArgumentException(
        "the variable %s is no proxy's address. Set it to something like http://user:password@proxy.example:3128, with %%40 for an @ in the password."
            .formatted(variable));
  }

  private static String basic(String rawUserInfo) {
    // a plus sign is itself there
    String decoded = URLDecoder.decode(rawUserInfo.replace("+", "%2B"), StandardCharsets.UTF_8);
    String both = decoded.contains(":") ? decoded : decoded + ":";
    return "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
  }

  private boolean isExempt(String host, int port) {
    String list = environment.getOrDefault("no_proxy", environment.getOrDefault("NO_PROXY", ""));
    String wanted = bare(host);
    for (String entry : list.toLowerCase(Locale.ROOT).split("[,\\s]+", -1)) {
      String name = entry;
      int colon = name.lastIndexOf(':');
      if ((colon > 0 && name.indexOf(':') == colon) || name.contains("]:")) {
        if (!name.substring(colon + 1).equals(Integer.toString(port))) {
          continue;
        }
        name = name.substring(0, colon);
      }
      name = bare(name.startsWith("*.") ? name.substring(1) : name);
      String domain = name.startsWith(".") ? name.substring(1) : name;
      if (name.equals("*")
          || (!domain.isEmpty() && (wanted.equals(domain) || wanted.endsWith("." + domain)))) {
        return true;
      }
    }
    return false;
  }

  private static String bare(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    return lower.startsWith("[") && lower.endsWith("]")
        ? lower.substring(1, lower.length() - 1)
        : lower;
  }

  @Override
  public List<Proxy> select(URI uri) {
    Way way = to(uri);
    return List.of(
        way == null
            ? Proxy.NO_PROXY
            : new Proxy(Proxy.Type.HTTP, new InetSocketAddress(way.host(), way.port())));
  }

  /** Nothing is remembered: the next attempt tries it again. */
  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
}
