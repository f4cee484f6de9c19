package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * What is done when somebody else's version is where this side's was to be: both stay. Threading:
 * the uploader's thread.
 */
final class Landing {
  private static final System.Logger LOG = System.getLogger(Landing.class.getName());
  private static final int NAME_ROOM_BYTES = 64;

  private final Journal journal;
  private final RemoteFs remote;
  private final Carrier carrier;
  private final String host;
  private final Consumer<RemotePath> foreign;

  /**
   * @param host for the names of what lands beside somebody else's version
   * @param foreign told which names are not as they were known
   */
  Landing(
      Journal journal,
      RemoteFs remote,
      Carrier carrier,
      String host,
      Consumer<RemotePath> foreign) {
    this.journal = journal;
    this.remote = remote;
    this.carrier = carrier;
    this.host = host.replaceAll("[^A-Za-z0-9._-]", "_");
    this.foreign = foreign;
  }

  CompletableFuture<Void> conflict(Job job, RemotePath path, RemotePath temporary, String what) {
    return landBeside(job, path, temporary, what, 1);
  }

  private CompletableFuture<Void> landBeside(
      Job job, RemotePath path, RemotePath temporary, String what, int attempt) {
    RemotePath copy = beside(path, attempt);
    return remote
        .renameNew(temporary, copy)
        .thenComposeAsync(done -> carrier.look(copy), carrier)
        .thenComposeAsync(
            found -> {
              journal.note(new Event.Conflicted(job.number, path, copy, what));
              LOG.log(Level.WARNING, "{0} was {1}: this side''s version is {2}", path, what, copy);
              return carrier.done(job, found.attrs()).thenAccept(done -> tellForeign(path));
            },
            carrier)
        .exceptionallyComposeAsync(
            failure ->
                Reopening.reason(failure).errno() == Errno.EEXIST
                    ? landBeside(job, path, temporary, what, attempt + 1)
                    : CompletableFuture.failedFuture(failure),
            carrier);
  }

  private RemotePath beside(RemotePath path, int attempt) {
    RemotePath parent = path.parent();
    String more = attempt == 1 ? "" : "-" + attempt;
    String end = ".conflict-" + host + "-" + Aside.time(Instant.now()) + more;
    String name = path.name();
    while (name.getBytes(StandardCharsets.UTF_8).length
        > RemotePath.NAME_MAX_BYTES - Math.max(end.length(), NAME_ROOM_BYTES)) {
      name = name.substring(0, name.length() - 1);
    }
    return (parent == null ? RemotePath.ROOT : parent).child(name + end);
  }

  CompletableFuture<Void> stays(Job job, RemotePath path, String what) {
    journal.note(new Event.Conflicted(job.number, path, null, what));
    LOG.log(Level.WARNING, "{0} was {1}: the runtime''s version stays", path, what);
    return carrier.done(job, null).thenAccept(done -> tellForeign(path));
  }

  private void tellForeign(RemotePath path) {
    foreign.accept(path);
    RemotePath parent = path.parent();
    if (parent != null) {
      foreign.accept(parent);
    }
  }
}
