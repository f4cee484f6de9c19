package colabfs.profile;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a profile may be called. Names become file names, so nothing that could leave a directory.
 */
final class ProfileNames {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}");

  /** Before a session of Google's tool, which then needs no profile to have been made. */
  private static final String COLAB = "colab:";

  static boolean isName(String text) {
    return NAME.matcher(text.startsWith(COLAB) ? text.substring(COLAB.length()) : text).matches();
  }

  /** The session that a name such as {@code colab:trainer} stands for; null for other names. */
  static @Nullable String session(String name) {
    return name.startsWith(COLAB) ? name.substring(COLAB.length()) : null;
  }

  static void check(String text) throws ProfileException {
    if (!isName(text)) {
      throw new ProfileException(
          "'%s' is no profile name: use up to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit"
              .formatted(ProfileDraft.shown(text)));
    }
  }

  private ProfileNames() {}
}
