package colabfs.fuse;

/**
 * How long the kernel may remember a name, and the attributes that it was told with it.
 *
 * @param entry that the name is there, and what it is the name of
 * @param attrs the attributes
 */
record Terms(Term entry, Term attrs) {
  static final Terms SHORT = new Terms(Term.SHORT, Term.SHORT);
  static final Terms NONE = new Terms(Term.NONE, Term.NONE);

  /** How long the kernel may remember something. */
  enum Term {
    /** The time that the mount was made with. */
    SHORT,

    /** Not at all: it may have changed since the file system was asked. */
    NONE,

    /** {@link KernelMemory#LONG_SECONDS}. */
    LONG
  }

  /** A call of the kernel that is being answered. */
  interface Call {
    /** Whether news flowed, and the path was watched, before the file system was asked. */
    boolean mayRemember();

    /** The number of the last news before that. */
    long newsBefore();
  }
}
