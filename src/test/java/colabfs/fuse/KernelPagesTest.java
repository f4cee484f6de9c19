package colabfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class KernelPagesTest {
  private final KernelPages pages = new KernelPages();

  @Test
  void opened_again_theSameContent_isUsed() {
    assertThat(pages.opened(7, false)).isFalse();
    assertThat(pages.opened(7, false)).isTrue();
    pages.released(false);
    pages.released(false);
    assertThat(pages.opened(7, false)).isTrue();
  }

  @Test
  void opened_anotherContent_isReadAnew() {
    pages.opened(7, false);
    pages.released(false);
    assertThat(pages.opened(8, false)).isFalse();
    pages.released(false);
    assertThat(pages.opened(8, false)).isTrue();
  }

  @Test
  void opened_whileTheOlderContentIsReadStill_isReadAnew_untilAllAreClosed() {
    pages.opened(7, false);
    assertThat(pages.opened(8, false)).isFalse();
    assertThat(pages.opened(8, false)).isFalse();
    pages.released(false);
    pages.released(false);
    pages.released(false);
    assertThat(pages.opened(8, false)).isFalse();
    assertThat(pages.opened(8, false)).isTrue();
  }

  @Test
  void opened_unknownContent_isNeverUsed() {
    pages.opened(0, false);
    assertThat(pages.opened(0, false)).isFalse();
    pages.released(false);
    pages.released(false);
    assertThat(pages.opened(0, false)).isFalse();
  }

  @Test
  void changed_isReadAnew_andStaysDoubtfulWhileItIsOpen() {
    pages.opened(7, false);
    pages.changed();
    assertThat(pages.opened(7, false)).isFalse();
    assertThat(pages.opened(7, false)).isFalse();
    pages.released(false);
    pages.released(false);
    pages.released(false);
    assertThat(pages.opened(7, false)).isFalse();
    assertThat(pages.opened(7, false)).isTrue();
  }

  @Test
  void isBeingWritten_untilTheLastWriterIsGone() {
    pages.opened(7, true);
    pages.opened(7, true);
    pages.released(true);
    assertThat(pages.isBeingWritten()).isTrue();
    pages.released(true);
    assertThat(pages.isBeingWritten()).isFalse();
    pages.released(true); // one that nobody saw opening
    assertThat(pages.isOpen()).isFalse();
  }
}
