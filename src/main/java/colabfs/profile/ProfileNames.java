package colabfs.profile;

import java.util.regex.Pattern;

/**
 * What a profile may be called. Names become file names, so nothing that could leave a directory.
 */
final class ProfileNames {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}");

  static boolean isName(String text) {
    return NAME.matcher(text).matches();
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
