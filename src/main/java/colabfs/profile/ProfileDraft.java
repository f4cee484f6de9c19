package colabfs.profile;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A profile before its checks: what was given, field by field, null where nothing was. Its text
 * never shows the secrets.
 *
 * @param port as it was written: digits, hopefully
 * @param key path of a private key
 * @param passwordCommand the program that prints the password
 * @param proxyCommand the program to reach the server through, or null for TCP
 * @param colab the session of Google's tool to reach it by, instead of host and port
 */
public record ProfileDraft(
    @Nullable String host,
    @Nullable String port,
    @Nullable String user,
    @Nullable String password,
    @Nullable String key,
    @Nullable String passphrase,
    @Nullable String passwordCommand,
    @Nullable String hostKey,
    @Nullable String proxyCommand,
    @Nullable String root,
    Profile.@Nullable Colab colab) {

  public static final ProfileDraft EMPTY =
      new ProfileDraft(null, null, null, null, null, null, null, null, null, null, null);

  public static final String DEFAULT_USER = "root";
  public static final int DEFAULT_PORT = 22;
  public static final String DEFAULT_ROOT = "/content";

  /** No leading dash: the name may become a program's argument. Colons and percent: IPv6. */
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_:][A-Za-z0-9._:%-]{0,254}");

  private static final Pattern USER =
      Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._@+\\\\-]{0,254}\\$?");

  /** What a stored profile was made of. */
  public static ProfileDraft of(Profile profile) {
    Profile.Endpoint endpoint = profile.endpoint();
    boolean isColab = endpoint instanceof Profile.Colab;
    return new ProfileDraft(
        isColab ? null : endpoint.host(),
        isColab ? null : Integer.toString(endpoint.port()),
        profile.user(),
        profile.credentials().password(),
        profile.credentials().key(),
        profile.credentials().passphrase(),
        profile.credentials().passwordCommand(),
        profile.hostKey(),
        endpoint instanceof Profile.Command command ? command.command() : null,
        profile.root(),
        endpoint instanceof Profile.Colab session ? session : null);
  }

  /** This draft's fields with a host. */
  public ProfileDraft withHost(String name) {
    return overlaidBy(
        new ProfileDraft(name, null, null, null, null, null, null, null, null, null, null));
  }

  /** Only a password, or this draft's fields with one. */
  public ProfileDraft withPassword(String text) {
    return overlaidBy(
        new ProfileDraft(null, null, null, text, null, null, null, null, null, null, null));
  }

  /** The same for a program that prints it. */
  public ProfileDraft withPasswordCommand(String command) {
    return overlaidBy(
        new ProfileDraft(null, null, null, null, null, null, command, null, null, null, null));
  }

  private boolean hasPassword() {
    return password != null || passwordCommand != null;
  }

  /**
   * Lays another draft over this one: its fields win where it has them. A password and a command
   * for one replace each other.
   */
  public ProfileDraft overlaidBy(ProfileDraft over) {
    return new ProfileDraft(
        either(over.host, host),
        either(over.port, port),
        either(over.user, user),
        over.hasPassword() ? over.password : password,
        either(over.key, key),
        either(over.passphrase, passphrase),
        over.hasPassword() ? over.passwordCommand : passwordCommand,
        either(over.hostKey, hostKey),
        either(over.proxyCommand, proxyCommand),
        either(over.root, root),
        over.colab != null ? over.colab : colab);
  }

  /** The same with another session. */
  public ProfileDraft withColab(Profile.Colab session) {
    return overlaidBy(
        new ProfileDraft(null, null, null, null, null, null, null, null, null, null, session));
  }

  /** The same through another program. */
  public ProfileDraft withProxyCommand(String command) {
    return overlaidBy(
        new ProfileDraft(null, null, null, null, null, null, null, null, command, null, null));
  }

  /** True when it says where the server is. */
  public boolean hasAddress() {
    return host != null || proxyCommand != null || colab != null;
  }

  /** Checks every field and fills in what was not given. */
  public Profile toProfile(String name) throws ProfileException {
    ProfileNames.check(name);
    return new Profile(
        name,
        checkedEndpoint(name),
        checkedUser(),
        new Profile.Credentials(
            password, checkedKey(), passphrase, checkedPasswordCommand(password, passwordCommand)),
        hostKey == null ? null : HostKeyLine.parse(hostKey).toString(),
        checkedRoot(),
        null);
  }

  private Profile.Endpoint checkedEndpoint(String name) throws ProfileException {
    if (colab != null) {
      return checkedColab(colab);
    }
    int checkedPort = checkedPort();
    return proxyCommand == null
        ? new Profile.Tcp(checkedHost(null), checkedPort)
        : new Profile.Command(
            checkedCommand("proxy", proxyCommand), checkedHost(name), checkedPort);
  }

  private Profile.Colab checkedColab(Profile.Colab session) throws ProfileException {
    if (host != null || port != null || proxyCommand != null) {
      throw new ProfileException(
          "a session of Google's tool has no host, port or proxy command of its own: give either the"
              + " session or those");
    }
    if (session.session().isBlank() || hasControl(session.session())) {
      throw new ProfileException(
          "'%s' is no session's name: 'colab sessions' lists them"
              .formatted(shown(session.session())));
    }
    String file = session.sessionsFile();
    if (file != null && (file.isBlank() || hasControl(file))) {
      throw new ProfileException("the sessions file's name is empty or holds a line break");
    }
    return session;
  }

  private String checkedHost(@Nullable String fallback) throws ProfileException {
    if (host == null) {
      if (fallback == null || (proxyCommand != null && proxyCommand.contains("%h"))) {
        throw new ProfileException("no host is given: add \"host\" to the JSON, or --host NAME");
      }
      return fallback;
    }
    if (host.contains("://")) {
      throw new ProfileException(
          "the host '%s' is a URL: give its name and its number apart, as in --host 0.tcp.ngrok.io --port 12345"
              .formatted(shown(host)));
    }
    String bare =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    int colon = bare.indexOf(':');
    if (colon >= 0 && bare.indexOf(':', colon + 1) < 0) {
      throw new ProfileException(
          "the host '%s' holds a port: give the number as \"port\" or --port"
              .formatted(shown(host)));
    }
    if (!HOST.matcher(bare).matches()) {
      throw new ProfileException(
          "'%s' is no host name: give a name such as 0.tcp.ngrok.io, or an IP address"
              .formatted(shown(host)));
    }
    return bare;
  }

  private int checkedPort() throws ProfileException {
    if (port == null) {
      return DEFAULT_PORT;
    }
    if (!port.matches("[0-9]{1,9}")) {
      throw new ProfileException(
          "the port '%s' is no number: give one from 1 to 65535".formatted(shown(port)));
    }
    int number = Integer.parseInt(port);
    if (number < 1 || number > 65535) {
      throw new ProfileException(
          "the port %d is out of range: give one from 1 to 65535".formatted(number));
    }
    return number;
  }

  private String checkedUser() throws ProfileException {
    if (user == null) {
      return DEFAULT_USER;
    }
    if (!USER.matcher(user).matches()) {
      throw new ProfileException(
          "'%s' is no login name: give the name of the account on the runtime, such as root"
              .formatted(shown(user)));
    }
    return user;
  }

  private @Nullable String checkedKey() throws ProfileException {
    if (key != null && (key.contains("-----BEGIN") || key.indexOf('\n') >= 0)) {
      throw new ProfileException(
          "\"key\" holds a private key itself: save it to a file (mode 0600) and give its path");
    }
    return key;
  }

  private static String checkedCommand(String which, String command) throws ProfileException {
    if (hasControl(command)) {
      throw new ProfileException(
          "the %s command holds a line break or another control character: give it on one line"
              .formatted(which));
    }
    return command;
  }

  private static @Nullable String checkedPasswordCommand(
      @Nullable String password, @Nullable String command) throws ProfileException {
    if (password != null && command != null) {
      throw new ProfileException("there is a password and a password command: give one of them");
    }
    return command == null ? null : checkedCommand("password", command);
  }

  private String checkedRoot() throws ProfileException {
    if (root == null) {
      return DEFAULT_ROOT;
    }
    if (root.indexOf('\0') >= 0 || root.indexOf('\n') >= 0) {
      throw new ProfileException(
          "the root holds a line break or a NUL: give a directory such as /content");
    }
    if (root.equals("~") || root.equals("~/")) {
      return ".";
    }
    return root.startsWith("~/") ? root.substring(2) : root;
  }

  private static @Nullable String either(@Nullable String first, @Nullable String second) {
    return first != null ? first : second;
  }

  private static boolean hasControl(String text) {
    return text.chars().anyMatch(Character::isISOControl);
  }

  /** For an error message: short, and nothing that moves a terminal's cursor. */
  static String shown(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", "?");
    return plain.length() > 60 ? plain.substring(0, 60) + "..." : plain;
  }

  @Override
  public String toString() {
    return "ProfileDraft[host=%s, port=%s, user=%s, key=%s, root=%s, colab=%s]"
        .formatted(host, port, user, key, root, colab);
  }
}
