package colabfs.exec;

/** Why somebody follows a job. */
enum JobRole {
  /** Started it, and ends with it. */
  RUN,
  /** Came to it later, and ends with it. */
  ATTACH,
  /** Reads what it has printed. */
  LOGS,
  /** Reads what it prints, to its end. */
  FOLLOW
}
