package colabfs.restore;

import colabfs.core.FileType;
import colabfs.core.RemotePath;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a restore has sent, or would send.
 *
 * @param items every name that it is about, in the order of paths
 * @param whole everything that can be sent is there; true for a plan
 */
public record RestoreReport(List<Item> items, boolean whole) {

  public RestoreReport {
    items = List.copyOf(items);
  }

  /** What becomes of a name. */
  public enum Outcome {
    /** It is sent. */
    SENT,
    /** The runtime has it already, and that stays. */
    THERE,
    /** The runtime has something else in its place, and that stays. */
    DIFFERS,
    /** Larger than the limit. */
    TOO_LARGE,
    /** Its content, or what is in a directory, is not known here. */
    NOT_KNOWN,
    /** The runtime refused it. */
    FAILED
  }

  /**
   * One name.
   *
   * @param path as programs here see it
   * @param bytes of a file
   * @param note a few words more, or null
   */
  public record Item(
      Outcome outcome, FileType type, RemotePath path, long bytes, @Nullable String note) {}
}
