package colabfs.cli;

import colabfs.app.KnownMounts;
import colabfs.control.RunningMount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which mount a person means. */
final class MountChoice {
  private static final int WHICH = 2;

  private final Main main;
  private final KnownMounts mounts;

  private MountChoice(Main main, KnownMounts mounts) {
    this.main = main;
    this.mounts = mounts;
  }

  static MountChoice of(Main main) throws IOException {
    return new MountChoice(main, KnownMounts.of(main.surroundings().environment()));
  }

  KnownMounts mounts() {
    return mounts;
  }

  /**
   * A mount by its mount point or its profile; without a name, the only one or that of the working
   * directory.
   */
  RunningMount mount(@Nullable String which) throws CliFailure {
    String named = which != null ? which : main.profileOption();
    if (mounts.all().isEmpty()) {
      throw new CliFailure(
          named == null
              ? "nothing is mounted; 'colabfs mount' mounts"
              : "'%s' is not mounted; nothing is".formatted(named));
    }
    if (named == null) {
      return unnamed();
    }
    Optional<RunningMount> there = which == null ? Optional.empty() : mounts.at(Path.of(which));
    if (there.isPresent()) {
      return there.get();
    }
    List<RunningMount> ofProfile = mounts.ofProfile(named);
    if (ofProfile.size() == 1) {
      return ofProfile.get(0);
    }
    throw new CliFailure(
        ofProfile.isEmpty()
            ? "'%s' is not mounted; mounted are:%s".formatted(named, list(mounts.all()))
            : "'%s' is mounted more than once; name the mount point:%s"
                .formatted(named, list(ofProfile)),
        WHICH);
  }

  private RunningMount unnamed() throws CliFailure {
    if (mounts.all().size() == 1) {
      return mounts.all().get(0);
    }
    Optional<RunningMount> around = mounts.containing(Path.of("").toAbsolutePath());
    if (around.isPresent()) {
      return around.get();
    }
    throw new CliFailure("there is more than one mount; name one:" + list(mounts.all()), WHICH);
  }

  /** A place in a mount by its local path; without one, all of the mount that is meant. */
  KnownMounts.Place place(@Nullable String path) throws CliFailure {
    if (path == null || mounts.all().isEmpty()) {
      return KnownMounts.Place.all(mount(null));
    }
    Optional<KnownMounts.Place> place = mounts.locate(Path.of(path));
    if (place.isEmpty()) {
      throw new CliFailure(
          "'%s' is in no mount; mounted are:%s".formatted(path, list(mounts.all())), WHICH);
    }
    String profile = place.get().mount().profile();
    String named = main.profileOption();
    if (named != null && !named.equals(profile)) {
      throw new CliFailure(
          "'%s' is in a mount of '%s', not of '%s'; leave out one of the two"
              .formatted(path, profile, named),
          WHICH);
    }
    return place.get();
  }

  private static String list(List<RunningMount> mounts) {
    return mounts.stream()
        .map(mount -> " %s (%s)".formatted(mount.mountpoint(), mount.profile()))
        .collect(Collectors.joining(","));
  }
}
