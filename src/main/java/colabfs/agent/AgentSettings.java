package colabfs.agent;

import java.time.Duration;

/**
 * How patient the client is with the helper.
 *
 * @param greeting from the start of the command until the helper answers; a cold Python on a busy
 *     runtime takes some seconds
 * @param askAfter so long after the last sign of life it is asked for one, while an answer is due
 * @param silence without any byte in either direction after that, it is given up
 * @param firstPause before it is started again; twice as long each time
 * @param tries for each connection, until one of them lasts
 * @param lasting so long it must have been up for those before it not to count
 * @param tick how often all this is looked at
 */
record AgentSettings(
    Duration greeting,
    Duration askAfter,
    Duration silence,
    Duration firstPause,
    int tries,
    Duration lasting,
    Duration tick) {

  static final AgentSettings USUAL =
      new AgentSettings(
          Duration.ofSeconds(30),
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofSeconds(1),
          5,
          Duration.ofMinutes(1),
          Duration.ofSeconds(1));
}
