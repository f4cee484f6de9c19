package colabfs.profile;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that colabfs gives to OpenSSH's programs (ssh_config(5)): a file of our own with a host
 * for each profile, the keys of those hosts, and a line in the user's configuration that includes
 * it.
 *
 * <p>Durability: each file is there whole, as it was or as it is to be. Errors: {@link
 * ProfileException}, with the next step.
 */
public final class OpenSshConfig {
  private static final String PREFIX = "colabfs-";
  private static final String HOST = "Host " + PREFIX;
  private static final String HEAD =
      "# Made by 'colabfs ssh-config', which writes it anew. To take it out: colabfs ssh-config --remove\n";

  private final Path directory;
  private final Path hosts;
  private final Path keys;
  private final Path user;

  private OpenSshConfig(Path directory) {
    this.directory = directory;
    this.hosts = directory.resolve("colabfs_config");
    this.keys = directory.resolve("colabfs_known_hosts");
    this.user = directory.resolve("config");
  }

  /** Of the user with that home directory. */
  public static OpenSshConfig in(Path home) {
    return new OpenSshConfig(home.toAbsolutePath().resolve(".ssh"));
  }

  /** What {@code ssh} calls the runtime of a profile. */
  public static String host(String profile) {
    return PREFIX + profile;
  }

  /** Our own file. */
  public Path hosts() {
    return hosts;
  }

  /** The user's file. */
  public Path user() {
    return user;
  }

  /**
   * The lines for one profile.
   *
   * @param proxy the program and arguments that give ssh the connection
   * @param ownKeys the key files to be tried when the profile names none; empty for ssh's own
   *     default ones
   */
  public String entry(Profile profile, List<String> proxy, List<Path> ownKeys)
      throws ProfileException {
    String host = host(profile.name());
    StringBuilder text = new StringBuilder(HOST).append(profile.name()).append('\n');
    line(text, "HostKeyAlias", host);
    line(text, "User", quoted(profile.user()));
    line(
        text,
        "ProxyCommand",
        proxy.stream().map(OpenSshConfig::shellWord).collect(Collectors.joining(" ")));
    String key = profile.credentials().key();
    if (key != null) {
      line(text, "IdentityFile", quoted(percents(key)));
      line(text, "IdentitiesOnly", "yes");
    } else {
      for (Path file : ownKeys) {
        line(text, "IdentityFile", quoted(percents(file.toString())));
      }
    }
    line(text, "UserKnownHostsFile", quoted(percents(keys.toString())));
    line(text, "GlobalKnownHostsFile", "/dev/null");
    line(text, "StrictHostKeyChecking", "yes");
    line(text, "UpdateHostKeys", "no");
    line(text, "CheckHostIP", "no");
    line(text, "ServerAliveInterval", "15");
    line(text, "ServerAliveCountMax", "4");
    return text.toString();
  }

  private static void line(StringBuilder text, String keyword, String value)
      throws ProfileException {
    if (value.chars().anyMatch(Character::isISOControl)) {
      throw new ProfileException(
          "the profile's %s cannot stand in a file of ssh's; make the profile anew: colabfs init"
              .formatted(keyword));
    }
    text.append("  ").append(keyword).append(' ').append(value).append('\n');
  }

  private static String percents(String text) {
    return text.replace("%", "%%");
  }

  private static String quoted(String text) throws ProfileException {
    if (text.contains("\"")) {
      throw new ProfileException(
          "'%s' holds a quote, which ssh's files cannot hold; rename it, and tell: colabfs init"
              .formatted(text));
    }
    return text.matches("[A-Za-z0-9_./~%@+:,-]+") ? text : '"' + text + '"';
  }

  /** For the user's shell, which runs a ProxyCommand, after ssh has replaced percent signs. */
  private static String shellWord(String word) {
    String text = percents(word);
    return text.matches("[A-Za-z0-9_./@%+:,-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  /** Writes the lines for one profile, in place of older ones, and pins its key. */
  public void put(Profile profile, String entry) throws ProfileException {
    try {
      makeDirectory();
      Map<String, String> entries = entries();
      entries.put(profile.name(), entry);
      writeEntries(entries);
      pin(profile);
    } catch (IOException e) {
      throw failed(hosts, e);
    }
  }

  /**
   * Keeps the host key of a profile that has lines here up to date, as {@code colabfs init} may
   * have pinned another since.
   */
  public void refresh(Profile profile) throws ProfileException {
    try {
      if (entries().containsKey(profile.name())) {
        pin(profile);
      }
    } catch (IOException e) {
      throw failed(keys, e);
    }
  }

  private void pin(Profile profile) throws IOException {
    List<String> lines = keysBut(profile.name());
    if (profile.hostKey() != null) {
      lines.add(host(profile.name()) + " " + profile.hostKey());
    }
    String text = lines.stream().map(line -> line + "\n").collect(Collectors.joining());
    if (!text.equals(text(keys))) {
      PrivateFiles.write(directory, keys, text);
    }
  }

  private List<String> keysBut(String profile) throws IOException {
    return text(keys)
        .lines()
        .filter(line -> !line.startsWith(host(profile) + " "))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** Lines by profile, as they stand in our own file. */
  private Map<String, String> entries() throws IOException {
    Map<String, String> entries = new LinkedHashMap<>();
    String name = null;
    for (String line : text(hosts).lines().toList()) {
      if (line.startsWith(HOST)) {
        name = line.substring(HOST.length()).strip();
      }
      if (name != null) {
        entries.merge(name, line + "\n", String::concat);
      }
    }
    return entries;
  }

  private void writeEntries(Map<String, String> entries) throws IOException {
    PrivateFiles.write(directory, hosts, HEAD + String.join("", entries.values()));
  }

  private static String text(Path file) throws IOException {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  /** Whether the user's file includes ours where it holds for every host. */
  public boolean isIncluded() throws ProfileException {
    try {
      for (String line : userText().lines().toList()) {
        String words = line.strip().toLowerCase(Locale.ROOT);
        if (words.startsWith("host ") || words.startsWith("match ")) {
          return false;
        }
        if (words.startsWith("include ") && words.contains("colabfs_config")) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      throw failed(user, e);
    }
  }

  /** The line that includes our file. */
  public String includeLine() throws ProfileException {
    return "Include " + quoted(hosts.toString());
  }

  /** Puts the line at the top of the user's file, which stays as it is otherwise. */
  public void include() throws ProfileException {
    String line = includeLine();
    try {
      makeDirectory();
      writeUser(line + "\n" + userText());
    } catch (IOException e) {
      throw new ProfileException(
          "%s cannot be changed: %s. Put this line at its top yourself: %s"
              .formatted(user, e.getMessage(), line),
          e);
    }
  }

  /**
   * Takes a profile out, or all of them; with the last one go our files and the line in the user's.
   *
   * @param profile null for all
   * @return whether there was anything of it
   */
  public boolean remove(@Nullable String profile) throws ProfileException {
    try {
      Map<String, String> entries = entries();
      boolean there = profile == null ? Files.exists(hosts) : entries.remove(profile) != null;
      if (profile != null && !entries.isEmpty()) {
        if (there) {
          writeEntries(entries);
          String left =
              keysBut(profile).stream().map(line -> line + "\n").collect(Collectors.joining());
          PrivateFiles.write(directory, keys, left);
        }
        return there;
      }
      String text = userText();
      String line = includeLine() + "\n";
      if (text.startsWith(line) || text.contains("\n" + line)) {
        int at = text.startsWith(line) ? 0 : text.indexOf("\n" + line) + 1;
        writeUser(text.substring(0, at) + text.substring(at + line.length()));
        there = true;
      }
      Files.deleteIfExists(hosts);
      Files.deleteIfExists(keys);
      return there;
    } catch (IOException e) {
      throw failed(user, e);
    }
  }

  /** One that is there is the user's, with its mode and perhaps a link. */
  private void makeDirectory() throws IOException {
    if (!Files.isDirectory(directory)) {
      PrivateFiles.makeDirectory(directory);
    }
  }

  /** Each byte a character: the file's encoding is its owner's affair. */
  private String userText() throws IOException {
    if (Files.isSymbolicLink(user) && Files.notExists(user)) {
      throw new IOException("it is a link that leads nowhere");
    }
    try {
      return Files.readString(user, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  private void writeUser(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    if (Files.exists(user, LinkOption.NOFOLLOW_LINKS)) {
      PrivateFiles.replace(user.toRealPath(), bytes);
    } else {
      PrivateFiles.write(directory, user, text);
    }
  }

  private static ProfileException failed(Path file, IOException cause) {
    return new ProfileException(
        "cannot change %s: %s; see to it, and try again".formatted(file, cause.getMessage()),
        cause);
  }
}
