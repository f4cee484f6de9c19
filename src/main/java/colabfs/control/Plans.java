package colabfs.control;

import java.nio.file.Path;

/** What a mount answers to a {@link Request.Plan}. Threading: any thread. */
final class Plans {
  /** The command line is to be read by the {@code colabfs} command. */
  private static final String NOT_HERE = "";

  private final String socket;
  private final ControlHandler handler;
  private final ExecPlanner planner;

  /**
   * @param socket of the mount that answers
   */
  Plans(Path socket, ControlHandler handler, ExecPlanner planner) {
    this.socket = String.valueOf(socket.getFileName());
    this.handler = handler;
    this.planner = planner;
  }

  /** As {@link Request.Plan} says. */
  String answer(TypedLine line) {
    ExecPlanner.Plan plan = planner.plan(line);
    if (plan == null) {
      return NOT_HERE;
    }
    String meant = RunningMounts.socketName(plan.mountpoint());
    if (!meant.equals(socket)) {
      return meant + "\n";
    }
    if (line.terminal() && plan.command().flush() && handler.hasMuchToSend()) {
      return NOT_HERE; // a person is shown how far it is
    }
    return meant + "\n" + RequestJson.write(new Request.Exec(plan.command(), false));
  }
}
