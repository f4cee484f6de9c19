package colabfs.fuse;

import java.time.Duration;
import java.util.List;

/**
 * How to mount.
 *
 * @param fsName what {@code df} and {@code /proc/mounts} show as the source, after {@code colabfs:}
 * @param readOnly the kernel refuses every change with EROFS
 * @param allowOther other local users may look in; the kernel then checks permissions
 * @param extraOptions what the user gave after {@code -o}, one option each, without commas; those
 *     that the mount sets itself are refused
 * @param attributeTimeout how long the kernel may answer from attributes it has, where others'
 *     changes are not told
 * @param entryTimeout how long the kernel may answer from names it has there, present ones only:
 *     what was absent is asked again each time
 */
public record FuseSettings(
    String fsName,
    boolean readOnly,
    boolean allowOther,
    List<String> extraOptions,
    Duration attributeTimeout,
    Duration entryTimeout) {
  public FuseSettings {
    extraOptions = List.copyOf(extraOptions);
  }
}
