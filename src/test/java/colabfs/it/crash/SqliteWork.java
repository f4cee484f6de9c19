package colabfs.it.crash;

import colabfs.it.Cli;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/** A database with its journal beside it, synced at each commit: what was committed is there. */
final class SqliteWork implements Workload {
  private static final int TRANSACTIONS = 20;

  private final Cli cli;
  private final Path database;

  private volatile int committed;

  /** In a directory that is empty. */
  SqliteWork(Cli cli, Path directory) {
    this.cli = cli;
    this.database = directory.resolve("rows.db");
  }

  @Override
  public int usualSteps() {
    return TRANSACTIONS;
  }

  @Override
  public int steps() {
    return committed;
  }

  @Override
  public void work(Random random) throws IOException, InterruptedException {
    Process sqlite = sqlite().start();
    CompletableFuture<String> errors = Cli.read(sqlite.getErrorStream());
    try (Writer in = sqlite.outputWriter();
        BufferedReader out = sqlite.inputReader()) {
      in.write("PRAGMA synchronous=FULL;\n");
      in.write("CREATE TABLE IF NOT EXISTS t(n INTEGER PRIMARY KEY, v TEXT);\n");
      for (int i = 0; i < TRANSACTIONS; i++) {
        int n = committed + 1;
        in.write("BEGIN;INSERT INTO t VALUES(%d,'%s');".formatted(n, text(n)));
        in.write("UPDATE t SET v=v WHERE n=%d;COMMIT;".formatted(1 + random.nextInt(n)));
        in.write("SELECT 'committed %d';\n".formatted(n));
        in.flush();
        String line = out.readLine();
        if (!("committed " + n).equals(line)) {
          throw new IOException("sqlite3 said " + line + " " + errors.join());
        }
        committed = n;
      }
    } finally {
      sqlite.destroy();
    }
  }

  @Override
  public Checked check() throws IOException, InterruptedException {
    Cli.Ended ended =
        cli.run(
            sqlite(),
            """
            PRAGMA integrity_check;
            CREATE TABLE IF NOT EXISTS t(n INTEGER PRIMARY KEY, v TEXT);
            SELECT n || ' ' || v FROM t ORDER BY n;
            """);
    List<String> losses = new ArrayList<>();
    List<String> lines = ended.out().lines().toList();
    if (ended.status() != 0 || lines.isEmpty() || !lines.get(0).equals("ok")) {
      return new Checked(1, List.of(database + ": " + lines.stream().findFirst() + ended.err()));
    }
    int rows = lines.size() - 1;
    if (rows != committed && rows != committed + 1) {
      losses.add("%s: %d rows were committed, found %d".formatted(database, committed, rows));
    }
    for (int n = 1; n <= rows; n++) {
      if (!lines.get(n).equals(n + " " + text(n))) {
        losses.add("%s: row %d differs".formatted(database, n));
      }
    }
    committed = rows;
    return new Checked(1, losses);
  }

  /** Line by line, so that what was committed is known at once. */
  private ProcessBuilder sqlite() throws IOException {
    return cli.shellCommand(
        Path.of("/"), "exec stdbuf -oL sqlite3 -batch -bail '" + database + "'");
  }

  private static String text(int n) {
    return Integer.toHexString(n * 0x9E3779B1).repeat(1 + n * 37 % 600);
  }
}
