package colabfs.control;

import colabfs.core.Errno;
import colabfs.core.RemotePath;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import java.time.Instant;

/** Pending changes and conflicts of every shape, with names that are not easy. */
public final class Samples {
  public static final Instant THEN = Instant.parse("2026-01-02T03:04:05.678Z");

  public static final PendingChange REFUSED =
      new PendingChange(
          1,
          PendingChange.Kind.WRITE,
          RemotePath.of("/dir/it's \"odd\"\n\u00fc"),
          null,
          1536,
          PendingChange.State.REFUSED,
          Errno.EACCES,
          "permission denied; say 'colabfs pending retry' when you may",
          THEN);

  public static final PendingChange RENAME =
      new PendingChange(
          2,
          PendingChange.Kind.RENAME,
          RemotePath.of("/a"),
          RemotePath.of("/dir/b"),
          0,
          PendingChange.State.WAITING,
          null,
          null,
          THEN);

  public static final Conflict CONFLICT =
      new Conflict(
          RemotePath.of("/f"),
          RemotePath.of("/f.conflict-host-20260102T030405Z"),
          "it was changed here and on the runtime",
          THEN);

  public static final Conflict GONE =
      new Conflict(RemotePath.of("/dir/g"), null, "removed here, changed on the runtime", THEN);

  private Samples() {}
}
