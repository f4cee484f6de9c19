package colabfs.app;

import colabfs.control.RunningMount;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import colabfs.ssh.ConnectFailure;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;

/**
 * Knows which mount of ours has the one connection that a Colab session takes.
 *
 * <p>Threading: any thread.
 */
public final class SessionHolder {
  private static final Logger LOG = System.getLogger(SessionHolder.class.getName());

  private SessionHolder() {}

  /** The failure's message; where a mount of ours is the reason, that one is named. */
  public static String explain(
      ConnectFailure failure, Profile profile, Map<String, String> environment) {
    String message = String.valueOf(failure.getMessage());
    if (failure.reason() != ConnectFailure.Reason.BUSY) {
      return message;
    }
    return holder(profile, environment)
        .map(
            mount ->
                "the connection of %s is held by the mount of '%s' on %s (process %d), and Google's endpoint takes one at a time. 'colabfs exec' goes through it when you are in there, or with -p %s; 'colabfs umount %s' frees it."
                    .formatted(
                        profile.endpoint() instanceof Profile.Colab colab
                            ? "the Colab session '" + colab.session() + "'"
                            : "the runtime",
                        mount.profile(),
                        mount.mountpoint(),
                        mount.process().pid(),
                        mount.profile(),
                        mount.mountpoint()))
        .orElse(message);
  }

  private static Optional<RunningMount> holder(Profile profile, Map<String, String> environment) {
    ProfileStore profiles = new ProfileStore(ProfileStore.configDirectory(environment));
    try {
      for (RunningMount mount : KnownMounts.of(environment).all()) {
        if (mount.process().isAlive()
            && mount.process().pid() != ProcessHandle.current().pid()
            && leadsTo(profiles, mount.profile(), profile.endpoint())) {
          return Optional.of(mount);
        }
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "which mounts there are", e);
    }
    return Optional.empty();
  }

  private static boolean leadsTo(ProfileStore profiles, String name, Profile.Endpoint endpoint) {
    try {
      return profiles.load(name).endpoint().leadsWhere(endpoint);
    } catch (ProfileException e) {
      return false; // removed since
    }
  }
}
