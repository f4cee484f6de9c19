package colabfs.doctor;

import java.util.List;

/**
 * One thing to look at.
 *
 * @param id also of its findings
 * @param needs the checks without which this one makes no sense
 * @param bounded whether it ends by itself in time, or is to be ended
 */
record Check(String id, List<String> needs, boolean bounded, Look look) {

  /** Looks. */
  interface Look {
    /** Any exception is a failure, whose message is for the user. */
    List<Finding> look() throws Exception;
  }

  /** Looks, and finds one thing. */
  interface Single {
    Finding look() throws Exception;
  }

  static Check of(String id, Single look, String... needs) {
    return new Check(id, List.of(needs), false, () -> List.of(look.look()));
  }

  /** With more than one finding, or none. */
  static Check several(String id, Look look, String... needs) {
    return new Check(id, List.of(needs), false, look);
  }

  /** It ends in time by itself; a person may be asked meanwhile. */
  Check thatEndsByItself() {
    return new Check(id, needs, true, look);
  }
}
