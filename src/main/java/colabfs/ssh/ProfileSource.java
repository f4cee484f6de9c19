package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.profile.ProfileException;

/** Where a connection takes its profile from: read again before every attempt to connect. */
@FunctionalInterface
public interface ProfileSource {
  /** The profile as it is now. May wait for the disk. */
  Profile read() throws ProfileException;
}
