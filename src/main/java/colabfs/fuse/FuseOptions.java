package colabfs.fuse;

import colabfs.fuse.MountException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The mount options, as libfuse's {@code -o} takes them.
 *
 * <p>Not among them: {@code direct_io} (mmap must work), {@code kernel_cache} and {@code
 * auto_cache} (they keep pages when size and mtime are the same, and SFTP's mtime is whole seconds;
 * {@link KernelPages} decides by the content), {@code hard_remove} (fstat of an open file that was
 * removed would fail). The timeouts are those of what is not watched; see {@link KernelMemory}.
 */
final class FuseOptions {
  /** FUSE's largest write without extensions of Linux 4.20: 32 pages. */
  private static final int MAX_WRITE_BYTES = 128 * 1024;

  /** What the mount decides itself, and what would break a promise. */
  private static final Set<String> REFUSED =
      Set.of(
          "fsname",
          "subtype",
          "big_writes",
          "max_write",
          "use_ino",
          "auto_cache",
          "kernel_cache",
          "direct_io",
          "attr_timeout",
          "entry_timeout",
          "negative_timeout",
          "ac_attr_timeout",
          "default_permissions",
          "hard_remove",
          "atomic_o_trunc",
          "intr",
          "modules");

  private FuseOptions() {}

  /** One text, options parted by commas, commas in values escaped. */
  static String text(FuseSettings settings) throws MountException {
    List<String> options = new ArrayList<>();
    options.add("fsname=" + MountTable.SOURCE_PREFIX + escape(settings.fsName()));
    options.add("subtype=colabfs");
    options.add("big_writes");
    options.add("max_write=" + MAX_WRITE_BYTES);
    options.add("use_ino");
    options.add("atomic_o_trunc");
    options.add("attr_timeout=" + seconds(settings.attributeTimeout()));
    options.add("entry_timeout=" + seconds(settings.entryTimeout()));
    options.add("negative_timeout=0");
    if (settings.readOnly()) {
      options.add("ro");
    }
    if (settings.allowOther()) {
      options.add("allow_other");
      options.add("default_permissions"); // else everybody would have the login's rights
    }
    for (String extra : settings.extraOptions()) {
      check(extra);
      options.add(extra);
    }
    return String.join(",", options);
  }

  static boolean allowsNonEmpty(FuseSettings settings) {
    return settings.extraOptions().contains("nonempty");
  }

  static boolean allowsOther(FuseSettings settings) {
    return settings.allowOther() || settings.extraOptions().contains("allow_other");
  }

  private static void check(String option) throws MountException {
    int equals = option.indexOf('=');
    String name = equals < 0 ? option : option.substring(0, equals);
    if (name.isEmpty() || option.indexOf(',') >= 0 || option.startsWith("-")) {
      throw new MountException(
          Reason.BAD_OPTION, "\"" + option + "\" is not a mount option. Leave it away.");
    }
    if (REFUSED.contains(name)) {
      throw new MountException(
          Reason.BAD_OPTION, "The mount option \"" + name + "\" is set by colabfs. Leave it away.");
    }
  }

  private static String escape(String value) {
    return value.replace("\\", "\\\\").replace(",", "\\,");
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.3f", duration.toMillis() / 1000.0);
  }
}
