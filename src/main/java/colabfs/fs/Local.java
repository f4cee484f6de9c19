package colabfs.fs;

import colabfs.cache.KeptContents;
import colabfs.cache.KeptLinks;
import colabfs.cache.KeptNames;
import colabfs.writeback.PendingNames;

/**
 * What is known on this machine, whatever the runtime says: kept from earlier mounts, and changed
 * here and not sent yet.
 */
public record Local(KeptNames names, KeptContents contents, KeptLinks links, PendingNames pending) {

  /** Nothing is. */
  public static final Local NOTHING =
      new Local(KeptNames.NONE, KeptContents.NONE, KeptLinks.NONE, PendingNames.NONE);
}
