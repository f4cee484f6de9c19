package colabfs.app;

import colabfs.remote.RemoteJobs.Terminal;

/** Somebody at a terminal here, for a command that has one on the runtime. */
public interface Seat {

  /** The terminal here, as it is now. */
  Terminal terminal();

  /** The command has its terminal: what is typed from now on is its own. */
  void taken(Line line);

  /** What somebody at the terminal can do beside typing. Threading: any thread. */
  interface Line {
    void resize(int rows, int columns);

    /** Leaves; the command goes on if it can. */
    void detach();
  }
}
