package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class TunnelShareTest {
  private final TunnelShare share = new TunnelShare();

  @Test
  void busyStreams_shareTheTotal_downToTheLeast() {
    assertThat(share.bytes()).isEqualTo(TunnelShare.TOTAL_BYTES);
    share.begin();
    assertThat(share.bytes()).isEqualTo(TunnelShare.TOTAL_BYTES);
    share.begin();
    assertThat(share.bytes()).isEqualTo(TunnelShare.TOTAL_BYTES / 2);
    for (int i = 0; i < 100; i++) {
      share.begin();
    }
    assertThat(share.bytes()).isEqualTo(TunnelShare.LEAST_BYTES);
    for (int i = 0; i < 102; i++) {
      share.end();
    }
    assertThat(share.bytes()).isEqualTo(TunnelShare.TOTAL_BYTES);
  }
}
