package colabfs.app;

import colabfs.control.RunningMount;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.writeback.PendingChange;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Says to a person what has not arrived, why, where it is, and what can be done about it. */
final class UnsentText {
  /** More names than this make a message that nobody reads. */
  private static final int MAX_NAMED = 3;

  private final RunningMount mount;
  private final Supplier<@Nullable String> linkTrouble;

  /**
   * For one mount.
   *
   * @param linkTrouble why the connection is down; null while it is up
   */
  UnsentText(RunningMount mount, Supplier<@Nullable String> linkTrouble) {
    this.mount = mount;
    this.linkTrouble = linkTrouble;
  }

  /** A command was not run. */
  String notRun(FsException failure, List<PendingChange> refused, List<PendingChange> all) {
    return "not run, because not everything that was written has reached the runtime: %s. %s, or run it all the same with --no-flush"
        .formatted(why(failure, refused, all), next(failure, refused));
  }

  /** A flush has failed. */
  String notFlushed(FsException failure, List<PendingChange> refused, List<PendingChange> all) {
    return "not everything that was written has reached the runtime: %s. %s%s"
        .formatted(why(failure, refused, all), kept(), next(failure, refused));
  }

  /** An unmount has failed. */
  String notUnmounted(FsException failure, List<PendingChange> refused, List<PendingChange> all) {
    String force =
        mount.journal() == null
            ? "or use --force to give it up"
            : "or use --force: the next mount of '%s' sends it".formatted(mount.profile());
    return "not everything that was written has reached the runtime: %s; nothing was unmounted. %s%s, %s"
        .formatted(why(failure, refused, all), kept(), next(failure, refused), force);
  }

  private String kept() {
    return mount.journal() == null ? "" : "It is kept in %s. ".formatted(mount.journal());
  }

  private String next(FsException failure, List<PendingChange> refused) {
    if (!refused.isEmpty()) {
      return "Put that right and say 'colabfs pending retry', or give it up with 'colabfs pending discard PATH'";
    }
    if (mount.journal() == null) {
      return "Save it again and try again";
    }
    return failure.isConnectionFailure()
        ? "Try again when the runtime answers"
        : "'colabfs pending' lists what waits, and why; put that right and try again";
  }

  private String why(FsException failure, List<PendingChange> refused, List<PendingChange> all) {
    if (!refused.isEmpty()) {
      return "the runtime refused "
          + named(refused, change -> local(change.path()) + reason(change));
    }
    String trouble = linkTrouble.get();
    String sentence = trouble == null ? failure.getMessage() : "the connection is down: " + trouble;
    String cause = String.valueOf(sentence).replaceFirst("\\.$", "");
    return failure.isConnectionFailure() && !all.isEmpty()
        ? "%s; unsent are %s".formatted(cause, named(all, change -> local(change.path())))
        : cause;
  }

  /** The few words alone: the whole reason, with its next step, is in the list and the status. */
  private static String reason(PendingChange change) {
    Errno error = change.error();
    return error == null ? "" : " (" + error.text() + ")";
  }

  private static String named(List<PendingChange> changes, Function<PendingChange, String> text) {
    List<String> names = changes.stream().map(text).distinct().toList();
    int more = names.size() - MAX_NAMED;
    return names.stream().limit(MAX_NAMED).collect(Collectors.joining(", "))
        + (more > 0 ? " and %d more".formatted(more) : "");
  }

  /** The path as programs here see it. */
  String local(RemotePath path) {
    return path.isRoot() ? mount.mountpoint().toString() : mount.mountpoint() + path.toString();
  }
}
