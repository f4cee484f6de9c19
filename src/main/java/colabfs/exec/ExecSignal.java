package colabfs.exec;

/** The signals that are passed to a running command, by their POSIX names without "SIG". */
public enum ExecSignal {
  HUP,
  INT,
  TERM,
  KILL
}
