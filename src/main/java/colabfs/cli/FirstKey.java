package colabfs.cli;

import colabfs.profile.Profile;
import colabfs.ssh.LoginKeys;
import colabfs.ssh.OwnKey;
import java.io.IOException;
import java.io.PrintWriter;

/** Makes a key for somebody who has none, so that there is something to log in with. */
final class FirstKey {
  private FirstKey() {}

  /** Google's endpoint takes no RSA keys. */
  static void makeIfNeeded(Profile profile, Surroundings surroundings) throws IOException {
    if (profile.credentials().key() != null || profile.credentials().hasPassword()) {
      return;
    }
    boolean bySession = profile.endpoint() instanceof Profile.Colab;
    boolean hasKey =
        LoginKeys.ofUser().stream()
            .anyMatch(key -> !bySession || !key.line().startsWith("ssh-rsa"));
    OwnKey own = OwnKey.of(surroundings.environment());
    if (hasKey || !own.make()) {
      return;
    }
    PrintWriter err = surroundings.err();
    Shown.line(err, "key", own.file() + ", made now, as you had none that can be used");
    if (!bySession) { // Google's endpoint is told the key itself
      Shown.line(err, "", "the runtime lets it in with this line in its ~/.ssh/authorized_keys:");
      Shown.line(err, "", String.valueOf(own.publicLine()));
    }
  }
}
