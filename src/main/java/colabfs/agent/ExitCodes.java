package colabfs.agent;

import colabfs.remote.SignalNumbers;

/** What a shell calls the end of a command. */
final class ExitCodes {

  private ExitCodes() {}

  /** 128 + n for a signal, the code else; 0 to 255. */
  static int code(int code, String signal) {
    return SignalNumbers.isKnown(signal) ? SignalNumbers.exitStatus(signal) : code & 0xff;
  }
}
