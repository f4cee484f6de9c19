package colabfs.ssh;

import colabfs.profile.Profile;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.sshd.client.auth.UserAuthFactory;
import org.apache.sshd.client.auth.keyboard.UserAuthKeyboardInteractiveFactory;
import org.apache.sshd.client.auth.keyboard.UserInteraction;
import org.apache.sshd.client.auth.password.PasswordAuthenticationReporter;
import org.apache.sshd.client.auth.password.UserAuthPasswordFactory;
import org.apache.sshd.client.auth.pubkey.PublicKeyAuthenticationReporter;
import org.apache.sshd.client.session.ClientSession;
import org.jspecify.annotations.Nullable;

/**
 * One login: what it may try, what it has tried, and what to tell when nothing led in.
 *
 * <p>Threading: MINA's thread of this connection, which has nothing else to do until the login is
 * over, may wait here for a person; the thread that connects reads the report afterwards.
 */
final class Login implements UserInteraction, PublicKeyAuthenticationReporter {
  private static final System.Logger LOG = System.getLogger(Login.class.getName());
  private static final int QUESTIONS = 3;

  private final String user;
  private final @Nullable String password;
  private final @Nullable String passwordCommand;
  private final boolean keyNamed;
  private final Identities identities;
  private final Prompts prompts;
  private final Remembered remembered;
  private final FirstChannels.Early early;

  private final Set<String> tried = new LinkedHashSet<>();
  private final List<String> problems = new ArrayList<>();
  private @Nullable List<String> offered;
  private boolean passwordGiven;
  private int questions;
  private @Nullable String lastAnswer;
  private @Nullable String acceptedKey;
  private String way = "nothing: the server asks for no proof";

  /** What led in last time: tried first, without asking the server whether it would do. */
  static final class Remembered {
    private @Nullable String keyFingerprint;
    private @Nullable String password;

    private synchronized void keep(@Nullable String key, @Nullable String answer) {
      keyFingerprint = key;
      if (answer != null) {
        password = answer;
      }
    }

    private synchronized @Nullable String keyFingerprint() {
      return keyFingerprint;
    }

    private synchronized @Nullable String password() {
      return password;
    }
  }

  Login(
      Profile profile,
      Identities identities,
      Prompts prompts,
      Remembered remembered,
      FirstChannels.Early early) {
    this.user = profile.user();
    this.password =
        profile.credentials().password() != null
            ? profile.credentials().password()
            : remembered.password();
    this.passwordCommand = profile.credentials().passwordCommand();
    this.keyNamed =
        profile.credentials().key() != null
            || profile.endpoint() instanceof Profile.Colab; // which was told the one key
    this.identities = identities;
    this.prompts = prompts;
    this.remembered = remembered;
    this.early = early;
  }

  /**
   * The ways, best first: a password that is there beats keys that merely lie around, which could
   * use up the server's limit of tries.
   */
  List<UserAuthFactory> methods() {
    List<UserAuthFactory> methods = new ArrayList<>();
    methods.add(UserAuthPasswordFactory.INSTANCE);
    methods.add(UserAuthKeyboardInteractiveFactory.INSTANCE);
    methods.add(keysFirst() ? 0 : methods.size(), new KeyAuth.Factory(this));
    return methods;
  }

  private boolean keysFirst() {
    return keyNamed || !hasPassword() || remembered.keyFingerprint() != null;
  }

  private boolean hasPassword() {
    return password != null || passwordCommand != null;
  }

  Identities identities() {
    return identities;
  }

  FirstChannels.Early early() {
    return early;
  }

  /** Whether the first key is so likely to do that the server need not be asked first. */
  boolean isSureOfKey() {
    return keyNamed || remembered.keyFingerprint() != null;
  }

  /** Whether this very key may be used for a signature without asking whether it would do. */
  boolean isSureOf(String fingerprint) {
    String known = remembered.keyFingerprint();
    return known == null ? keyNamed : known.equals(fingerprint);
  }

  /** Notes what the server says it would take. */
  synchronized void offered(List<String> methods) {
    if (offered == null) {
      offered = List.copyOf(methods);
    }
  }

  /** Notes that the server let us in. */
  synchronized void succeeded() {
    remembered.keep(acceptedKey, lastAnswer);
  }

  /** What led in, for people: the method, and which key. */
  synchronized String way() {
    return way;
  }

  /** What was tried and what can be done, after the name of the server. */
  synchronized String report() {
    StringBuilder text = new StringBuilder("the login of '" + user + "' was refused");
    text.append(tried.isEmpty() ? "; nothing could be tried" : "; tried: ");
    text.append(String.join(", ", tried));
    if (offered != null) {
      text.append("; the server takes: ").append(String.join(", ", offered));
    }
    identities.problems().forEach(problem -> text.append("; ").append(problem));
    problems.forEach(problem -> text.append("; ").append(problem));
    return text.append(". ").append(nextStep()).toString();
  }

  private String nextStep() {
    if (!problems.isEmpty()) {
      return "Run the password command by hand, and correct it with 'colabfs init --password-command'.";
    }
    if (offered != null && !offered.contains("publickey") && !hasPassword()) {
      return "Put the password into the profile with 'colabfs init'.";
    }
    if (offered != null && !offered.contains("password") && hasPassword() && !keyNamed) {
      return "Name a key in the profile with 'colabfs init --key FILE'.";
    }
    return "Check the user name, and the key or password in the profile ('colabfs init').";
  }

  // Passwords

  @Override
  public synchronized @Nullable String resolveAuthPasswordAttempt(ClientSession session) {
    return nextPassword("Password of " + user + ": ");
  }

  private @Nullable String nextPassword(String question) {
    if (hasPassword()) {
      String answer = passwordGiven ? null : passwordWithoutAsking();
      passwordGiven = true;
      return answer;
    }
    if (++questions > QUESTIONS) {
      return null;
    }
    lastAnswer = prompts.secret(question);
    return lastAnswer;
  }

  /** The profile's, or its command's; null when the command fails, which the report then tells. */
  private @Nullable String passwordWithoutAsking() {
    String command = passwordCommand;
    if (password != null || command == null) {
      return password;
    }
    return prompts.<@Nullable String>timed(
        () -> {
          try {
            return PasswordCommand.run(command);
          } catch (PasswordCommand.Failed e) {
            problems.add(String.valueOf(e.getMessage()));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return null;
        });
  }

  @Override
  public synchronized String @Nullable [] interactive(
      ClientSession session,
      String name,
      String instruction,
      String lang,
      String[] prompt,
      boolean[] echo) {
    tried.add("keyboard-interactive");
    way = "keyboard-interactive";
    String[] answers = new String[prompt.length];
    for (int i = 0; i < prompt.length; i++) {
      boolean isPassword = !echo[i] && prompt[i].toLowerCase(Locale.ROOT).contains("password");
      String answer = isPassword ? nextPassword(prompt[i]) : prompts.secret(prompt[i]);
      if (answer == null) {
        return null;
      }
      answers[i] = answer;
    }
    return answers;
  }

  @Override
  public @Nullable String getUpdatedPassword(ClientSession session, String prompt, String lang) {
    return null;
  }

  @Override
  public void welcome(ClientSession session, String banner, String lang) {
    LOG.log(System.Logger.Level.INFO, "the server says: {0}", banner.strip());
  }

  // MINA's reports

  @Override
  public synchronized void signalAuthenticationAttempt(
      ClientSession session, String service, KeyPair key, String signature) {
    tried.add("key " + identities.describe(key.getPublic()));
  }

  @Override
  public synchronized void signalAuthenticationSuccess(
      ClientSession session, String service, @Nullable KeyPair key) {
    if (key != null) {
      acceptedKey = HostKey.of(key.getPublic()).fingerprint();
      way = "key " + identities.describe(key.getPublic());
    }
  }

  /** Notes passwords that are tried, never which. */
  PasswordAuthenticationReporter passwordReports() {
    return new PasswordAuthenticationReporter() {
      @Override
      public void signalAuthenticationAttempt(
          ClientSession session,
          String service,
          String oldPassword,
          boolean modified,
          String newPassword) {
        noteTried("password");
      }

      @Override
      public void signalAuthenticationSuccess(
          ClientSession session, String service, @Nullable String password) {
        noteWay("password");
      }
    };
  }

  private synchronized void noteWay(String what) {
    way = what;
  }

  private synchronized void noteTried(String what) {
    tried.add(what);
  }
}
