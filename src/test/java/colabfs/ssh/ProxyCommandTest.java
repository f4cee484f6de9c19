package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.profile.Profile;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ProxyCommandTest {

  @Test
  void plainCommand_isSplitIntoWords_andRunWithoutAShell() {
    assertThat(arguments("nc %h %p")).containsExactly("nc", "box.example", "2222");
    assertThat(arguments("  ssh -W %h:%p  %r@jump "))
        .containsExactly("ssh", "-W", "box.example:2222", "me@jump");
    assertThat(arguments("x 100%%")).containsExactly("x", "100%");
  }

  @Test
  void quotes_areHonoured() {
    assertThat(arguments("'/my dir/nc' \"a b\" '' c\\ d e\"f g\"h"))
        .containsExactly("/my dir/nc", "a b", "", "c d", "ef gh");
    assertThat(arguments("nc '%h' \"%p\"")).containsExactly("nc", "box.example", "2222");
    assertThat(arguments("x \"a\\\"b\\\\c\\d\" 'e\\f'")).containsExactly("x", "a\"b\\c\\d", "e\\f");
  }

  @Test
  void valueWithBlanks_staysOneWord() {
    assertThat(arguments("nc %h", "a b; rm -rf /", "me")).containsExactly("nc", "a b; rm -rf /");
  }

  @Test
  void shellsCharacters_makeAShellNecessary() {
    assertThat(arguments("nc %h %p 2>/dev/null"))
        .containsExactly("/bin/sh", "-c", "exec nc box.example 2222 2>/dev/null");
    assertThat(arguments("A=b nc %h")).containsExactly("/bin/sh", "-c", "exec A=b nc box.example");
    assertThat(arguments("~/bin/nc %h").get(0)).isEqualTo("/bin/sh");
  }

  @Test
  void valuesForAShell_areQuotedForWhereTheyStand() {
    String nasty = "a'b\"$(x)`y`\\ z";
    assertThat(arguments("nc %h; x", nasty, "me").get(2))
        .isEqualTo("exec nc 'a'\\''b\"$(x)`y`\\ z'; x");
    assertThat(arguments("nc \"%h\"; x", nasty, "me").get(2))
        .isEqualTo("exec nc \"a'b\\\"\\$(x)\\`y\\`\\\\ z\"; x");
    assertThat(arguments("nc '%h'; x", nasty, "me").get(2))
        .isEqualTo("exec nc 'a'\\''b\"$(x)`y`\\ z'; x");
  }

  @Test
  void valuesForAShell_comeOutAsTheyWere() throws Exception {
    String nasty = "a'b\"$(x)`y`\\ z";
    for (String template : List.of("printf %%s %h;", "printf %%s \"%h\";", "printf %%s '%h';")) {
      Process shell = new ProcessBuilder(arguments(template, nasty, "me")).start();
      assertThat(
              new String(
                  shell.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
          .as(template)
          .isEqualTo(nasty);
    }
  }

  @Test
  void nonsense_isRefusedWithAReason() {
    assertThatThrownBy(() -> arguments("")).hasMessageContaining("is empty");
    assertThatThrownBy(() -> arguments("nc '%h")).hasMessageContaining("quote");
    assertThatThrownBy(() -> arguments("nc %x")).hasMessageContaining("%x");
    assertThatThrownBy(() -> arguments("nc %")).hasMessageContaining("means nothing");
    assertThatThrownBy(() -> arguments("nc %h", "-oProxyCommand=x", "me"))
        .hasMessageContaining("begins with a dash");
    assertThatThrownBy(() -> arguments("nc %h", "host", "-me"))
        .hasMessageContaining("begins with a dash");
  }

  private static List<String> arguments(String template) {
    return arguments(template, "box.example", "me");
  }

  private static List<String> arguments(String template, String host, String user) {
    return ProxyCommand.arguments(new Profile.Command(template, host, 2222), user);
  }
}
