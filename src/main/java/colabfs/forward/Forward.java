package colabfs.forward;

/** One forward while it lasts. Threading: any thread. */
interface Forward extends AutoCloseable {

  /** With the port that it has. */
  ForwardSpec spec();

  ForwardStatus status(boolean linkUp);

  /** The connection to the runtime came back. */
  void linkIsUp();

  /** Listens no more, and breaks off the connections that are open. */
  @Override
  void close();
}
