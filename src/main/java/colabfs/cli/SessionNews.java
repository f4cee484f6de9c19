package colabfs.cli;

import colabfs.profile.ColabSessions;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;

/** What is to be said of a session of Google's tool before it is connected to. */
final class SessionNews {

  private SessionNews() {}

  /**
   * Looks whether a profile's session is there, and says so when it is another runtime than the one
   * whose key is pinned; the question about the new key then follows.
   */
  static void tell(Profile profile, Surroundings surroundings) throws ProfileException {
    if (!(profile.endpoint() instanceof Profile.Colab colab)) {
      return;
    }
    ColabSessions.Session session =
        ColabSessions.read(ColabSessions.file(colab, surroundings.environment()))
            .session(colab.session());
    String pinned = colab.pinnedRuntime();
    if (profile.hostKey() != null && pinned != null && !pinned.equals(session.runtime())) {
      surroundings
          .err()
          .println(
              "The session '%s' has a new runtime (%s); the key that is pinned is that of %s."
                  .formatted(
                      Shown.plain(session.name()),
                      Shown.plain(session.runtime()),
                      Shown.plain(pinned)));
    }
  }
}
