package colabfs.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ProfileJsonTest {

  static final String ED25519 =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

  @Test
  void parse_whatColabLinkPrints_isTakenAsItIs() throws ProfileException {
    Profile profile =
        ProfileJson.parse(
            "default",
            """
            {"host": "0.tcp.ngrok.io", "port": "12345", "password": "s3cret",
             "username": "colablink", "remote_root": "/content"}
            """);
    assertThat(profile)
        .isEqualTo(
            new Profile(
                "default",
                new Profile.Tcp("0.tcp.ngrok.io", 12345),
                "colablink",
                new Profile.Credentials("s3cret", null, null),
                null,
                "/content",
                null));
  }

  @Test
  void parse_whatOlderColabLinkPrints_mountsItsWorkspace() throws ProfileException {
    Profile profile =
        ProfileJson.parse(
            "p", "{\"host\": \"h\", \"port\": \"1\", \"workspace\": \"/content/colablink_1\"}");
    assertThat(profile.root()).isEqualTo("/content/colablink_1");
  }

  @Test
  void parse_ourFields_areTaken() throws ProfileException {
    Profile profile =
        ProfileJson.parse(
            "p",
            """
            {"host": "h.example", "port": 2222, "user": "me", "key": "/k", "passphrase": " x ",
             "host_key": "%s comment", "proxy_command": "nc %%h %%p", "root": "~/work"}
            """
                .formatted(ED25519));
    assertThat(profile)
        .isEqualTo(
            new Profile(
                "p",
                new Profile.Command("nc %h %p", "h.example", 2222),
                "me",
                new Profile.Credentials(null, "/k", " x "),
                ED25519,
                "work",
                null));
  }

  @Test
  void parse_onlyAHost_getsTheDefaults() throws ProfileException {
    Profile profile = ProfileJson.parse("p", "{\"host\": \"h\", \"password\": \"\"}");
    assertThat(profile.endpoint()).isEqualTo(new Profile.Tcp("h", 22));
    assertThat(profile.user()).isEqualTo("root");
    assertThat(profile.root()).isEqualTo("/content");
    assertThat(profile.credentials()).isEqualTo(Profile.Credentials.NONE);
  }

  @Test
  void parse_proxyCommandWithoutHost_isCalledAsTheProfile() throws ProfileException {
    Profile profile = ProfileJson.parse("gpu", "{\"proxy_command\": \"colab ssh --proxy-mode\"}");
    assertThat(profile.endpoint())
        .isEqualTo(new Profile.Command("colab ssh --proxy-mode", "gpu", 22));
    assertThatThrownBy(() -> ProfileJson.parse("gpu", "{\"proxy_command\": \"nc %h %p\"}"))
        .hasMessageContaining("no host");
  }

  @ParameterizedTest
  @ValueSource(strings = {"::1", "[::1]", "fe80::1%eth0", "127.0.0.1", "a-b.c_d.example"})
  void parse_addresses_areTaken(String host) throws ProfileException {
    assertThat(ProfileJson.parse("p", "{\"host\": \"" + host + "\"}").endpoint().host())
        .isEqualTo(host.equals("[::1]") ? "::1" : host);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|no host",
        "{\"host\": \"\"}|no host",
        "{\"host\": \"-oProxyCommand=x\"}|is no host name",
        "{\"host\": \"a b\"}|is no host name",
        "{\"host\": \"a;b\"}|is no host name",
        "{\"host\": \"tcp://0.tcp.ngrok.io:1\"}|is a URL",
        "{\"host\": \"0.tcp.ngrok.io:1\"}|holds a port",
        "{\"host\": \"h\", \"port\": 0}|out of range",
        "{\"host\": \"h\", \"port\": \"65536\"}|out of range",
        "{\"host\": \"h\", \"port\": -1}|is no number",
        "{\"host\": \"h\", \"port\": \"12x\"}|is no number",
        "{\"host\": \"h\", \"port\": 22.0}|neither text nor a whole number",
        "{\"host\": [\"h\"]}|neither text nor a whole number",
        "{\"host\": \"h\", \"user\": \"-l\"}|is no login name",
        "{\"host\": \"h\", \"user\": \"a\", \"username\": \"b\"}|different things",
        "{\"host\": \"h\", \"root\": \"/a\", \"remote_root\": \"/b\"}|different things",
        "{\"host\": \"h\", \"host\": \"i\"}|twice",
        "{\"host\": \"h\", \"host_key\": \"ssh-dss AAAA\"}|no known type",
        "{\"host\": \"h\", \"host_key\": \"ssh-ed25519\"}|no key after it",
        "{\"host\": \"h\", \"host_key\": \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\"}|damaged",
        "{\"host\": \"h\", \"host_key\": \"ssh-ed25519 !!!\"}|damaged",
        "{\"host\": \"h\", \"key\": \"-----BEGIN OPENSSH PRIVATE KEY-----\"}|its path",
        "{\"host\": \"h\", \"proxy_command\": \"a\\nb\"}|one line",
        "{\"host\": \"h\"} {}|follows",
        "[]|no object",
        "``|no object",
        "{'host': 'h'}|double",
        "{host: h}|the shell has probably taken them",
        "{“host”: “h”}|typographic",
        "{\"host\": \"h\"|not JSON",
        "{\"host\": \"h\", \"version\": 2}|newer colabfs",
      })
  void parse_badInput_saysWhatIsWrong(String json, String message) {
    assertThatThrownBy(() -> ProfileJson.parse("p", json))
        .isInstanceOf(ProfileException.class)
        .hasMessageContaining(message)
        .hasMessageMatching("(?s).*(: |; |, ).*");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"password\": \"hunter2\"",
        "{\"password\": hunter2}",
        "{\"host\": \"h\", \"password\": [\"hunter2\"]}",
        "hunter2",
        "{\"host\": \"h\", \"password\": \"hunter2\", \"port\": \"x\"}"
      })
  void parse_badInput_neverRepeatsASecret(String json) {
    assertThatThrownBy(() -> ProfileJson.parse("p", json))
        .isInstanceOf(ProfileException.class)
        .message()
        .doesNotContain("hunter2");
  }

  @Test
  void pasted_unknownFields_areLeftOutWithAWarning() throws ProfileException {
    ProfileJson.Pasted pasted =
        ProfileJson.pasted(
            "{\"host\": \"h\", \"pasword\": \"x\", \"gpu\": {\"a\": [1]}, \"port\": 3}");
    assertThat(pasted.draft().port()).isEqualTo("3");
    assertThat(pasted.draft().password()).isNull();
    assertThat(pasted.warnings())
        .containsExactly(
            "the field \"pasword\" is unknown (did you mean \"password\"?); it is left out",
            "the field \"gpu\" is unknown; it is left out");
  }

  @Test
  void stored_unknownField_isAnError() {
    assertThatThrownBy(() -> ProfileJson.stored("p", "{\"host\": \"h\", \"hostkey\": \"x\"}"))
        .hasMessageContaining("did you mean \"host_key\"");
    assertThatThrownBy(() -> ProfileJson.stored("p", "{\"host\": \"h\", \"username\": \"x\"}"))
        .hasMessageContaining("\"username\" is unknown");
  }

  @Test
  void text_readAgain_isTheSameProfile() throws ProfileException {
    Profile profile =
        new Profile(
            "p",
            new Profile.Command("x \"quoted\" ü", "h", 7),
            "me",
            new Profile.Credentials("pa\"ss\\wörd", "/key", "phrase"),
            ED25519,
            "/content/ü",
            new Profile.ServerFacts("OpenSSH_9.2", List.of("a@b", "c@d"), 3, 4));
    assertThat(ProfileJson.stored("p", ProfileJson.text(profile))).isEqualTo(profile);
    assertThat(ProfileJson.parse("p", ProfileJson.text(profile)).credentials())
        .isEqualTo(profile.credentials());
  }

  @Test
  void passwordCommand_isKept_butNotTakenFromWhatIsPasted() throws ProfileException {
    Profile.Credentials credentials = new Profile.Credentials(null, null, null, "pass show c");
    Profile profile =
        new Profile("p", new Profile.Tcp("h", 7), "me", credentials, null, "/content", null);
    String text = ProfileJson.text(profile);
    assertThat(ProfileJson.stored("p", text)).isEqualTo(profile);
    assertThat(ProfileJson.shown(profile, false))
        .contains("\"password_command\" : \"pass show c\"");
    ProfileJson.Pasted pasted = ProfileJson.pasted(text);
    assertThat(pasted.draft().passwordCommand()).isNull();
    assertThat(pasted.warnings()).singleElement().asString().contains("--password-command");
  }

  @Test
  void passwordAndPasswordCommand_replaceEachOther() throws ProfileException {
    ProfileDraft typed = ProfileDraft.EMPTY.withHost("h").withPassword("x");
    ProfileDraft asked = typed.withPasswordCommand("pass");
    assertThat(asked.toProfile("p").credentials().password()).isNull();
    assertThat(asked.withPassword("y").toProfile("p").credentials().passwordCommand()).isNull();
    assertThatThrownBy(
            () ->
                ProfileJson.stored(
                    "p", "{\"host\": \"h\", \"password\": \"x\", \"password_command\": \"y\"}"))
        .hasMessageContaining("give one of them");
  }

  @Test
  void shown_secrets_areNamedAndNotGiven() throws ProfileException {
    Profile profile =
        new Profile(
            "p",
            new Profile.Tcp("h", 7),
            "me",
            new Profile.Credentials("hunter2", null, "hunter3"),
            ED25519,
            "/content",
            null);
    for (String text :
        List.of(ProfileJson.shown(profile, true), ProfileJson.shown(List.of(profile), "p"))) {
      assertThat(text)
          .doesNotContain("hunter")
          .contains("\"has_password\" : true", "\"has_passphrase\" : true", "SHA256:");
    }
    assertThat(profile.toString() + ProfileDraft.of(profile)).doesNotContain("hunter");
  }
}
