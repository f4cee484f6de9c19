package colabfs.exec;

/** What stands between a mount and the commands that run beside it. Threading: any thread. */
public interface Barrier {

  /** For a connection without a mount: nothing is unsent and nothing is cached. */
  Barrier NONE =
      new Barrier() {
        @Override
        public void drain() {}

        @Override
        public void changed(boolean told) {}
      };

  /**
   * Waits for the network: returns when the server has acknowledged everything that was written
   * before the call, or when that is not wanted.
   *
   * @throws ExecException it has not; the command is not run. Says what is unsent and what to do
   */
  void drain() throws ExecException;

  /** Whether nobody wants the command any more that is being started. */
  default boolean isGivenUp() {
    return false;
  }

  /**
   * A command has ended and may have changed anything: the next look asks the server. Waits for the
   * network when what it changed was not told.
   *
   * @param told what it changed was told before its end, as {@link
   *     colabfs.remote.RemoteJobs.Attachment#ended} promises
   */
  void changed(boolean told);
}
