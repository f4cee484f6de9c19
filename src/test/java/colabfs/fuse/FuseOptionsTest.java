package colabfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.fuse.MountException.Reason;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FuseOptionsTest {
  private static FuseSettings settings(boolean readOnly, boolean allowOther, String... extra) {
    return new FuseSettings(
        "gpu,1:/content\\x",
        readOnly,
        allowOther,
        List.of(extra),
        Duration.ofMillis(200),
        Duration.ofSeconds(1));
  }

  @Test
  void text_commasInTheName_areEscaped() throws MountException {
    assertThat(FuseOptions.text(settings(false, false)))
        .startsWith("fsname=colabfs:gpu\\,1:/content\\\\x,subtype=colabfs,");
  }

  @Test
  void text_timeouts_areSecondsWithAPoint() throws MountException {
    assertThat(FuseOptions.text(settings(false, false)))
        .contains("attr_timeout=0.200", "entry_timeout=1.000", "negative_timeout=0");
  }

  @Test
  void text_allowOther_bringsTheKernelsPermissionCheck() throws MountException {
    assertThat(FuseOptions.text(settings(false, true))).contains("allow_other,default_permissions");
    assertThat(FuseOptions.text(settings(false, false))).doesNotContain("default_permissions");
  }

  @Test
  void text_readOnlyAndExtras_areThere() throws MountException {
    assertThat(FuseOptions.text(settings(true, false, "noatime", "umask=022")))
        .contains(",ro,")
        .endsWith("noatime,umask=022");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a,b", "-o", "fsname=x", "direct_io", "auto_cache", "intr", "=x"})
  void text_extras_thatAreOursOrNone_areRefused(String option) {
    assertThatThrownBy(() -> FuseOptions.text(settings(false, false, option)))
        .isInstanceOfSatisfying(
            MountException.class, e -> assertThat(e.reason()).isEqualTo(Reason.BAD_OPTION));
  }
}
