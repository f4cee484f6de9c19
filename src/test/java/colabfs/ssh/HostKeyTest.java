package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.sshd.common.NamedResource;
import org.junit.jupiter.api.Test;

final class HostKeyTest {
  // ssh-keygen -t ed25519, and what ssh-keygen -lf says of it
  private static final String LINE =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAhdbBq0OdKQIx5WkzabPyRznDam8cEWvQqcsTX75VS/";

  @Test
  void keyLine_isReadWithCommentAndHosts() {
    HostKey key = HostKey.parse(LINE);
    assertThat(key.type()).isEqualTo("ssh-ed25519");
    assertThat(key.line()).isEqualTo(LINE);
    assertThat(HostKey.parse("  " + LINE + " root@colab\n")).isEqualTo(key);
    assertThat(HostKey.parse("[0.tcp.ngrok.io]:12345 " + LINE)).isEqualTo(key);
  }

  @Test
  void nonsense_isRefusedWithAReason() {
    assertThatThrownBy(() -> HostKey.parse("hello")).hasMessageContaining("is no host key");
    assertThatThrownBy(() -> HostKey.parse("")).hasMessageContaining("is no host key");
    assertThatThrownBy(() -> HostKey.parse("ssh-ed25519")).hasMessageContaining("is no host key");
    assertThatThrownBy(() -> HostKey.parse("ssh-ed25519 !!!"))
        .hasMessageContaining("cannot be read");
    assertThatThrownBy(() -> HostKey.parse("ssh-rsa " + LINE.split(" ", -1)[1]))
        .hasMessageContaining("cannot be read");
  }

  @Test
  void fingerprint_isAsSshKeygenShowsIt() {
    assertThat(HostKey.parse(LINE).fingerprint())
        .isEqualTo("SHA256:yd4jAYYzTu378rVZ6Nkdrf2vf3hec4WW71tapNfWMR8");
  }

  @Test
  void algorithms_ofThePinnedType_comeFirst() {
    assertThat(names(new HostKey("ssh-rsa", "AAAA"))).startsWith("rsa-sha2-512", "rsa-sha2-256");
    assertThat(names(new HostKey("ecdsa-sha2-nistp384", "AAAA"))).startsWith("ecdsa-sha2-nistp384");
    assertThat(names(new HostKey("ssh-ed25519", "AAAA"))).startsWith("ssh-ed25519");
    assertThat(NamedResource.getNameList(Clients.hostKeyAlgorithms()))
        .startsWith("ssh-ed25519")
        .noneMatch(name -> name.contains("cert"));
  }

  private static Iterable<String> names(HostKey pinned) {
    return NamedResource.getNameList(pinned.first(Clients.hostKeyAlgorithms()));
  }
}
