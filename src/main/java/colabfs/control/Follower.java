package colabfs.control;

import colabfs.writeback.PendingFigures;

/** Who waits for a request. Threading: any thread. */
public interface Follower {

  /** For a request that no person made. */
  Follower NOBODY =
      new Follower() {
        @Override
        public void left(PendingFigures figures) {}

        @Override
        public boolean hasLeft() {
          return false;
        }
      };

  /** Is told now and then what has not arrived on the runtime. */
  void left(PendingFigures figures);

  /** Whether the request was given up: what was asked for is not to be done any more. */
  boolean hasLeft();
}
