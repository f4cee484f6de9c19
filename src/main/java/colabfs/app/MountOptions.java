package colabfs.app;

import colabfs.cache.disk.DiskCache;
import colabfs.writeback.WriteBack.Fsync;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What {@code colabfs mount} was asked for.
 *
 * @param profile name of the profile
 * @param mountpoint absolute, links resolved
 * @param root directory on the runtime; null for the profile's
 * @param drive Google Drive's mount: its root unless another is given, and more patience
 * @param fetching what comes before it is asked for
 * @param saving when a change is safe, and where
 * @param onNewRuntime what is done when another runtime answers than before
 * @param local what the local disk is used for
 * @param callTimeout the longest that a call into the mount may take; null for the usual
 * @param fuseOptions as given after {@code -o}, one each, without allow_other
 */
public record MountOptions(
    String profile,
    Path mountpoint,
    @Nullable String root,
    boolean drive,
    boolean readOnly,
    boolean allowOther,
    Fetching fetching,
    Saving saving,
    OnNewRuntime onNewRuntime,
    LocalDisk local,
    @Nullable Duration callTimeout,
    List<String> fuseOptions) {

  /** Where Google Drive is after {@code drive.mount('/content/drive')} in a notebook. */
  static final String DRIVE_ROOT = "/content/drive/MyDrive";

  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(20);

  /** Drive's own mount asks Google for what it has not seen: seconds a directory. */
  private static final Duration DRIVE_CALL_TIMEOUT = Duration.ofSeconds(60);

  /** How long Drive's listings are believed: looking again is dear, and others seldom change it. */
  static final Duration DRIVE_METADATA_TTL = Duration.ofSeconds(60);

  /** What is done when another runtime answers than before, or its root was emptied. */
  public enum OnNewRuntime {
    /** Nothing, until a person says it. */
    ASK,
    /** What is known here is sent to it. */
    RESTORE,
    /** It is taken as it is. */
    FRESH;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What comes before it is asked for.
   *
   * @param prefetch entering a directory fetches what is below it
   * @param helper a helper is started on the runtime
   */
  public record Fetching(boolean prefetch, boolean helper) {

    /** All that can come. */
    public static final Fetching USUAL = new Fetching(true, true);

    private void addTo(List<String> arguments) {
      if (!prefetch) {
        arguments.add("--no-prefetch");
      }
      if (!helper) {
        arguments.add("--no-helper");
      }
    }
  }

  /**
   * When a change is safe, and where.
   *
   * @param sync no write-back: a change waits for the runtime
   * @param fsync what an fsync waits for with write-back
   * @param debounce a file is sent when it has been left alone for so long; null for the usual
   */
  public record Saving(boolean sync, Fsync fsync, @Nullable Duration debounce) {

    /** Write-back as it is without options. */
    public static final Saving USUAL = new Saving(false, Fsync.LOCAL, null);

    private void addTo(List<String> arguments) {
      if (sync) {
        arguments.add("--sync");
      }
      if (fsync != Fsync.LOCAL) {
        arguments.add("--fsync=" + fsync.name().toLowerCase(Locale.ROOT));
      }
      if (debounce != null) {
        arguments.add("--debounce=" + debounce.toMillis());
      }
    }
  }

  /**
   * What the local disk is used for beside unsent changes.
   *
   * @param offline begin without a connection, with what is there
   * @param cacheBytes what may be cached there; 0 for nothing
   */
  public record LocalDisk(boolean offline, long cacheBytes) {

    /** Begin with a connection, and cache what was read. */
    public static final LocalDisk USUAL =
        new LocalDisk(false, DiskCache.Settings.DEFAULT_MAX_BYTES);

    private void addTo(List<String> arguments) {
      if (offline) {
        arguments.add("--offline");
      }
      if (cacheBytes != USUAL.cacheBytes) {
        arguments.add("--cache-size=" + cacheBytes);
      }
    }
  }

  public MountOptions {
    fuseOptions = List.copyOf(fuseOptions);
  }

  /** The root to be mounted; null for the profile's. */
  @Nullable String effectiveRoot() {
    return root == null && drive ? DRIVE_ROOT : root;
  }

  /** The longest that a call into the mount may take. */
  Duration effectiveCallTimeout() {
    if (callTimeout != null) {
      return callTimeout;
    }
    return drive ? DRIVE_CALL_TIMEOUT : CALL_TIMEOUT;
  }

  /** The arguments of {@code colabfs mount} that mean the same. */
  List<String> asArguments() {
    List<String> arguments = new ArrayList<>();
    if (root != null) {
      arguments.add("--root=" + root);
    }
    if (drive) {
      arguments.add("--drive");
    }
    if (readOnly) {
      arguments.add("--read-only");
    }
    if (allowOther) {
      arguments.add("-o=allow_other");
    }
    fetching.addTo(arguments);
    saving.addTo(arguments);
    if (onNewRuntime != OnNewRuntime.ASK) {
      arguments.add("--on-new-runtime=" + onNewRuntime);
    }
    local.addTo(arguments);
    if (callTimeout != null) {
      arguments.add("--timeout=" + callTimeout.toSeconds());
    }
    fuseOptions.forEach(option -> arguments.add("-o=" + option));
    arguments.add("--");
    arguments.add(profile);
    arguments.add(mountpoint.toString());
    return arguments;
  }
}
