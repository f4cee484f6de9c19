package colabfs.exec;

/**
 * A command that runs on the runtime, or one that is followed there.
 *
 * <p>Threading: {@link #await} from one thread, the others from any.
 */
public interface RunningCommand {

  /** As a shell gives it for a program that wrote to a closed pipe: 128 + SIGPIPE. */
  int BROKEN_PIPE = 128 + 13;

  /** As a shell gives it for a program that was interrupted: 128 + SIGINT. */
  int INTERRUPTED = 128 + 2;

  /**
   * Waits until the command has ended and all it printed is delivered, or nobody wants it any more,
   * and tells the mount that anything may have changed.
   *
   * @return the command's exit status, 128 + n for a signal; 141 when nobody read its output, 130
   *     when it was left running
   * @throws ExecException when it could not be started or followed; says whether it may still run
   */
  int await() throws ExecException, InterruptedException;

  /**
   * Sends a signal to the command and all its children, as soon as it has started and can be
   * reached. A second interrupt soon after the first leaves a supervised command running and ends
   * {@link #await}; another command is killed by it.
   */
  void signal(ExecSignal signal);

  /** Whether it has a terminal on the runtime. */
  default boolean hasTerminal() {
    return false;
  }

  /** How large the terminal is now at which somebody sees it. */
  default void resize(int rows, int columns) {}

  /** Whoever sits at its terminal leaves: it goes on if it can, and that is said. */
  default void detach() {
    hangUp();
  }

  /**
   * Whoever asked is gone: the command is told that its terminal is gone (SIGHUP), unless it was
   * only looked at, or has a terminal on the runtime and a supervisor.
   */
  void hangUp();

  /** The mount ends: a supervised command goes on, any other is hung up on. */
  void leave();
}
