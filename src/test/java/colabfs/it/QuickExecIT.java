package colabfs.it;

/** The client without Java. */
final class QuickExecIT extends ExecClientTests {
  QuickExecIT() {
    super(Cli.Client.QUICK);
  }
}
