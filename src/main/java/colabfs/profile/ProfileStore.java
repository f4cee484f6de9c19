package colabfs.profile;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The user's profiles on disk: {@code profiles/NAME.json} below the configuration directory, and
 * the default's name in {@code default-profile}. Formats: docs/PROFILES.md.
 *
 * <p>Threading: safe; a reader sees a profile as it was before or after another's change.
 * Durability: what {@link #save} returned from survives a power cut.
 */
public final class ProfileStore {
  public static final String DEFAULT_NAME = "default";

  private static final System.Logger LOG = System.getLogger(ProfileStore.class.getName());
  private static final String SUFFIX = ".json";

  /** Far above any profile; keeps a stray file from filling the heap. */
  private static final int MAX_FILE_BYTES = 1 << 20;

  private final Path configDir;
  private final Path profiles;
  private final Path defaultFile;
  private final Consumer<String> warnings;

  public ProfileStore(Path configDir) {
    this(configDir, warning -> LOG.log(System.Logger.Level.WARNING, warning));
  }

  /**
   * @param warnings told, in a sentence for the user, what was wrong and has been put right
   */
  public ProfileStore(Path configDir, Consumer<String> warnings) {
    this.configDir = configDir;
    this.profiles = configDir.resolve("profiles");
    this.defaultFile = configDir.resolve("default-profile");
    this.warnings = warnings;
  }

  /** The store of the user who runs this. */
  public static ProfileStore ofUser() {
    return new ProfileStore(configDirectory(System.getenv()));
  }

  /** {@code $XDG_CONFIG_HOME/colabfs} when that is absolute, else {@code ~/.config/colabfs}. */
  public static Path configDirectory(Map<String, String> environment) {
    String xdg = environment.getOrDefault("XDG_CONFIG_HOME", "");
    Path above =
        xdg.startsWith("/") ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".config");
    return above.resolve("colabfs");
  }

  /**
   * Reads and checks a profile. A file that others may read is made private, with a warning. The
   * profile of a name such as {@code colab:trainer} is there without a file, too.
   */
  public Profile load(String name) throws ProfileException {
    ProfileNames.check(name);
    Path file = file(name);
    try {
      return ProfileJson.stored(name, read(file));
    } catch (NoSuchFileException e) {
      ProfileDraft ofSession = ofSession(name);
      if (ofSession == null) {
        throw new ProfileException(missing(name), e);
      }
      return ofSession.toProfile(name);
    } catch (IOException e) {
      throw failure("read", file, e);
    } catch (ProfileException e) {
      throw new ProfileException("the profile file " + file + ": " + e.getMessage(), e);
    }
  }

  /** What a name such as {@code colab:trainer} says; null for a name that says nothing. */
  public static @Nullable ProfileDraft ofSession(String name) {
    String session = ProfileNames.session(name);
    return session == null
        ? null
        : ProfileDraft.EMPTY.withColab(new Profile.Colab(session, null, null));
  }

  /**
   * A profile that was only looked at.
   *
   * @param isOpenToOthers others may read or change its file
   */
  public record Seen(Profile profile, Path file, boolean isOpenToOthers) {}

  /** As {@link #load}, but leaves a file that others may read as it is. */
  public Seen look(String name) throws ProfileException {
    ProfileNames.check(name);
    Path file = file(name);
    try {
      boolean open = PrivateFiles.isOpenToOthers(file);
      return new Seen(ProfileJson.stored(name, readAsItIs(file)), file, open);
    } catch (NoSuchFileException e) {
      throw new ProfileException(missing(name), e);
    } catch (IOException e) {
      throw failure("read", file, e);
    } catch (ProfileException e) {
      throw new ProfileException("the profile file " + file + ": " + e.getMessage(), e);
    }
  }

  public boolean exists(String name) {
    return ProfileNames.isName(name) && Files.exists(file(name));
  }

  /** Writes a profile in one step, in place of one of the same name. */
  public void save(Profile profile) throws ProfileException {
    ProfileNames.check(profile.name());
    Path file = file(profile.name());
    try {
      PrivateFiles.makeDirectory(profiles);
      PrivateFiles.write(profiles, file, ProfileJson.text(profile));
    } catch (IOException e) {
      throw failure("write", file, e);
    }
  }

  /** The names of all profiles, sorted. */
  public List<String> names() throws ProfileException {
    try (Stream<Path> files = Files.list(profiles)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(SUFFIX))
          .map(file -> file.substring(0, file.length() - SUFFIX.length()))
          .filter(ProfileNames::isName)
          .sorted()
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw failure("list", profiles, e);
    }
  }

  /** Removes a profile; false when there is none. The default is {@code default} again then. */
  public boolean remove(String name) throws ProfileException {
    ProfileNames.check(name);
    try {
      boolean removed = Files.deleteIfExists(file(name));
      if (removed && defaultName().equals(name)) {
        Files.deleteIfExists(defaultFile);
      }
      return removed;
    } catch (IOException e) {
      throw failure("remove", file(name), e);
    }
  }

  /** The profile that is meant when none is named, whether it exists or not. */
  public String defaultName() throws ProfileException {
    try {
      String name = Files.readString(defaultFile).strip();
      return ProfileNames.isName(name) ? name : DEFAULT_NAME;
    } catch (NoSuchFileException e) {
      return DEFAULT_NAME;
    } catch (IOException e) {
      throw failure("read", defaultFile, e);
    }
  }

  /** Makes an existing profile the default. */
  public void setDefault(String name) throws ProfileException {
    ProfileNames.check(name);
    if (!exists(name)) {
      throw new ProfileException(missing(name));
    }
    try {
      PrivateFiles.makeDirectory(configDir);
      PrivateFiles.write(configDir, defaultFile, name + "\n");
    } catch (IOException e) {
      throw failure("write", defaultFile, e);
    }
  }

  private Path file(String name) {
    return profiles.resolve(name + SUFFIX);
  }

  private String read(Path file) throws IOException, ProfileException {
    requireOwn(file); // before its mode is changed
    if (PrivateFiles.makePrivate(file)) {
      warnings.accept(
          "%s could be read by others; it is private now, but a password in it should be changed"
              .formatted(file));
    }
    return readAsItIs(file);
  }

  private void requireOwn(Path file) throws IOException, ProfileException {
    if (!PrivateFiles.isOwnedLike(file, profiles)) {
      throw new ProfileException(
          "it belongs to another user; remove it and make the profile again");
    }
  }

  private String readAsItIs(Path file) throws IOException, ProfileException {
    requireOwn(file);
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new ProfileException("it is too large for a profile; remove it and make it again");
    }
    return Files.readString(file);
  }

  private String missing(String name) throws ProfileException {
    List<String> names = names();
    String next =
        "make it with: colabfs init %s'{\"host\": ..., \"port\": ...}'"
            .formatted(name.equals(DEFAULT_NAME) ? "" : name + " ");
    return names.isEmpty()
        ? "there is no profile '%s' yet; %s".formatted(name, next)
        : "there is no profile '%s' (there is: %s); name one with -p NAME, or %s"
            .formatted(name, String.join(", ", names), next);
  }

  private static ProfileException failure(String verb, Path file, IOException e) {
    String why =
        e instanceof AccessDeniedException
            ? "permission denied; check who owns it"
            : reason(e) + "; check the file and the disk";
    return new ProfileException("cannot %s %s: %s".formatted(verb, file, why), e);
  }

  private static @Nullable String reason(IOException e) {
    return e instanceof java.nio.file.FileSystemException f && f.getReason() != null
        ? f.getReason()
        : e.toString();
  }
}
