package colabfs.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.control.LaunchPipe.Outcome;
import colabfs.control.LaunchPipe.Person;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class LaunchPipeTest {
  private static final Person NOBODY =
      new Person() {
        @Override
        public boolean acceptsHostKey(String keyLine, String fingerprint) {
          return false;
        }

        @Override
        public char @Nullable [] secret(String prompt) {
          return null;
        }
      };

  private PipedOutputStream daemonOut = new PipedOutputStream();
  private LaunchPipe daemon;
  private LaunchPipe command;

  @BeforeEach
  void connect() throws IOException {
    daemonOut = new PipedOutputStream();
    PipedOutputStream commandOut = new PipedOutputStream();
    daemon = new LaunchPipe(new PipedInputStream(commandOut), daemonOut);
    command = new LaunchPipe(new PipedInputStream(daemonOut), commandOut);
  }

  @Test
  void questions_areAnsweredByThePersonAtTheOtherEnd() throws Exception {
    Person person =
        new Person() {
          @Override
          public boolean acceptsHostKey(String keyLine, String fingerprint) {
            return keyLine.equals("ssh-ed25519 AAAA") && fingerprint.equals("SHA256:x");
          }

          @Override
          public char[] secret(String prompt) {
            return ("answer \"to\" ü " + prompt).toCharArray();
          }
        };
    CompletableFuture<Outcome> outcome = follow(person);
    assertThat(daemon.person().acceptsHostKey("ssh-ed25519 AAAA", "SHA256:x")).isTrue();
    assertThat(daemon.person().secret("Password: "))
        .isEqualTo("answer \"to\" ü Password: ".toCharArray());
    daemon.ready("/content", "another one answers");
    assertThat(outcome.get(10, TimeUnit.SECONDS))
        .isEqualTo(new Outcome("/content", "another one answers", null));
  }

  @Test
  void nobody_answersNo() throws Exception {
    CompletableFuture<Outcome> outcome = follow(NOBODY);
    assertThat(daemon.person().acceptsHostKey("k", "f")).isFalse();
    assertThat(daemon.person().secret("Password: ")).isNull();
    daemon.failed("it\nbroke");
    assertThat(outcome.get(10, TimeUnit.SECONDS)).isEqualTo(new Outcome("", null, "it\nbroke"));
  }

  @Test
  void daemonThatEndsWithoutAWord_isAnError() throws IOException {
    daemonOut.close();
    assertThatThrownBy(() -> command.follow(NOBODY)).hasMessageContaining("without a word");
  }

  @Test
  void commandThatIsGone_letsTheReadyFail() {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    LaunchPipe alone = new LaunchPipe(InputStream.nullInputStream(), closed);
    assertThatThrownBy(() -> alone.ready("/", null)).isInstanceOf(IOException.class);
  }

  private CompletableFuture<Outcome> follow(Person person) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return command.follow(person);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
  }
}
