package colabfs.it;

/** The client that is the {@code colabfs} command. */
final class JavaExecIT extends ExecClientTests {
  JavaExecIT() {
    super(Cli.Client.JAVA);
  }
}
