package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class PromptsTest {

  @Test
  void clock_standsStillWhileAPersonIsAsked() {
    AtomicLong nanos = new AtomicLong(1_000);
    Prompts[] prompts = new Prompts[1];
    prompts[0] =
        new Prompts(
            HostKeyPrompt.REFUSE,
            text -> {
              long before = prompts[0].workNanos();
              nanos.addAndGet(500);
              assertThat(prompts[0].workNanos()).isEqualTo(before);
              return "secret".toCharArray();
            },
            nanos::get);
    long start = prompts[0].workNanos();
    assertThat(prompts[0].secret("Password: ")).isEqualTo("secret");
    nanos.addAndGet(7);
    assertThat(prompts[0].workNanos() - start).isEqualTo(7);
  }
}
