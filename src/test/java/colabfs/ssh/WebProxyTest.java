package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WebProxyTest {
  private static final URI SECURE = URI.create("wss://m-s-1.prod.colab.dev/colab/ssh?token=x");
  private static final URI PLAIN = URI.create("ws://127.0.0.1:8080/colab/ssh");

  private static WebProxy.@Nullable Way way(URI address, String... pairs) {
    Map<String, String> environment = new java.util.HashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      environment.put(pairs[i], pairs[i + 1]);
    }
    return WebProxy.ofEnvironment(environment).to(address);
  }

  @Test
  void noVariable_isNoProxy() {
    assertThat(way(SECURE)).isNull();
    assertThat(way(SECURE, "https_proxy", " ")).isNull();
  }

  @Test
  void variable_isThatOfTheScheme_elseTheOneForAll() {
    assertThat(way(SECURE, "https_proxy", "http://a:1", "all_proxy", "http://b:2"))
        .hasToString("a:1");
    assertThat(way(SECURE, "HTTPS_PROXY", "http://a:1")).hasToString("a:1");
    assertThat(way(SECURE, "http_proxy", "http://a:1", "ALL_PROXY", "b:2")).hasToString("b:2");
    assertThat(way(PLAIN, "http_proxy", "http://a:1/")).hasToString("a:1");
    assertThat(way(PLAIN, "HTTP_PROXY", "http://a:1")).isNull();
    assertThat(way(SECURE, "https_proxy", "a")).hasToString("a:1080");
  }

  @Test
  void password_isDecoded_andNeverShown() {
    WebProxy.Way way = way(SECURE, "https_proxy", "http://me:p%40ss+w@a:1");
    assertThat(way).isNotNull().hasToString("a:1");
    assertThat(way)
        .extracting(WebProxy.Way::authorization)
        .isEqualTo("Basic bWU6cEBzcyt3"); // me:p@ss+w
    assertThat(way(SECURE, "https_proxy", "http://me@a:1"))
        .extracting(WebProxy.Way::authorization)
        .isEqualTo("Basic bWU6"); // me:
  }

  @ParameterizedTest
  @CsvSource({
    "colab.dev, true",
    ".colab.dev, true",
    "*.colab.dev, true",
    "m-s-1.prod.colab.dev, true",
    "M-S-1.PROD.COLAB.DEV, true",
    "*, true",
    "colab.dev:443, true",
    "colab.dev:80, false",
    "olab.dev, false",
    "'localhost, colab.dev', true",
    "'localhost 127.0.0.1', false",
    "'', false",
  })
  void exemption_isOfADomainOrAHost(String list, boolean exempt) {
    assertThat(way(SECURE, "https_proxy", "http://a:1", "no_proxy", list) == null)
        .isEqualTo(exempt);
  }

  @Test
  void exemption_ofAnAddress() {
    URI six = URI.create("ws://[::1]:8080/");
    assertThat(way(six, "all_proxy", "http://a:1", "NO_PROXY", "::1")).isNull();
    assertThat(way(six, "all_proxy", "http://a:1", "no_proxy", "[::1]:8080")).isNull();
    assertThat(way(PLAIN, "http_proxy", "http://a:1", "no_proxy", "127.0.0.1")).isNull();
  }

  @Test
  void unknownKindOfProxy_isToldWithoutItsPassword() {
    assertThatThrownBy(() -> way(SECURE, "all_proxy", "socks5h://me:secret@a:1"))
        .hasMessageContaining("'socks5h'")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> way(SECURE, "https_proxy", "http://me:sec ret@a:1"))
        .hasMessageContaining("%40")
        .hasMessageNotContaining("sec ret")
        .hasNoCause();
  }
}
