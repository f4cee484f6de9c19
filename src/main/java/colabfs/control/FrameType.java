package colabfs.control;

import org.jspecify.annotations.Nullable;

/** What a frame carries; the number is what travels. */
enum FrameType {
  /** Client: what is wanted, JSON; the first frame. */
  REQUEST(1),
  /** Client: bytes of the command's input, never more than {@link #STDIN_ROOM} has granted. */
  STDIN(2),
  /** Client: the input has ended. */
  STDIN_EOF(3),
  /** Client: a signal's name for the command. */
  SIGNAL(4),
  /** Server: bytes that the command printed. */
  STDOUT(5),
  /** Server: bytes that the command printed as errors. */
  STDERR(6),
  /** Server: the command's exit status, four bytes; the last frame. */
  EXIT(7),
  /** Server: how far a request is, JSON. */
  PROGRESS(8),
  /** Server: the answer, JSON; the last frame. */
  RESULT(9),
  /** Server: why there is none, JSON; the last frame. */
  ERROR(10),
  /**
   * Server: four bytes, how many more bytes of input it takes. So a command that does not read its
   * input never keeps a signal behind it.
   */
  STDIN_ROOM(11),
  /** Server: some elements of a long answer, a JSON object with an array; more frames follow. */
  PART(12),
  /** Client: rows and columns of its terminal, four bytes each. */
  RESIZE(13),
  /** Client: it leaves the terminal; the command goes on if it can. */
  DETACH(14),
  /** Server: the command has a terminal, and what is typed from now on is its own; empty. */
  TERMINAL(15);

  private final int number;

  FrameType(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  static @Nullable FrameType of(int number) {
    for (FrameType type : values()) {
      if (type.number == number) {
        return type;
      }
    }
    return null;
  }
}
