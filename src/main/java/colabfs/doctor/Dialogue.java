package colabfs.doctor;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;

/**
 * A script on the runtime that answers questions, so that what is measured is the link and not the
 * start of a shell. Threading: one thread.
 */
final class Dialogue implements AutoCloseable {
  /** u: take so many bytes; d: send so many; t: the time; anything else: the same again. */
  private static final String SCRIPT =
      "while read c n; do case $c in u) head -c $n >/dev/null; echo done;;"
          + " d) head -c $n /dev/urandom;; t) date +%s.%N;; *) echo $c;; esac; done";

  private static final int LONGEST_LINE = 100;
  private static final int PIECE_BYTES = 64 * 1024;

  private final Line.Talk talk;
  private final InputStream out;

  /** An answer, and when the question was asked and answered, by {@link System#nanoTime}. */
  record Told(String answer, long askedNanos, long toldNanos) {
    long nanos() {
      return toldNanos - askedNanos;
    }
  }

  private Dialogue(Line.Talk talk) {
    this.talk = talk;
    this.out = new BufferedInputStream(talk.out(), PIECE_BYTES);
  }

  /** Begins, and waits until it answers. It ends by itself after that time. */
  static Dialogue begin(Line line, Duration patience) throws IOException {
    Dialogue dialogue = new Dialogue(line.start(SCRIPT, patience));
    var unused = Line.endAfter(dialogue.talk, patience);
    try {
      if (!dialogue.ask("ready").answer().equals("ready")) {
        throw new IOException("the login's shell answers strangely");
      }
      return dialogue;
    } catch (IOException e) {
      dialogue.close();
      throw e;
    }
  }

  Told ask(String question) throws IOException {
    long asked = System.nanoTime();
    say(question);
    String answer = line();
    return new Told(answer, asked, System.nanoTime());
  }

  /** How long it took to have so many bytes there and be told so, in nanoseconds. */
  long send(int bytes) throws IOException {
    byte[] piece = new byte[Math.min(bytes, PIECE_BYTES)];
    new Random(bytes).nextBytes(piece);
    long begun = System.nanoTime();
    say("u " + bytes);
    for (int left = bytes; left > 0; left -= piece.length) {
      talk.in().write(piece, 0, Math.min(left, piece.length));
      talk.in().flush();
    }
    if (!line().equals("done")) {
      throw new IOException("the runtime's head(1) does not take a number of bytes");
    }
    return System.nanoTime() - begun;
  }

  /** How long it took to ask for so many bytes and have them, in nanoseconds. */
  long receive(int bytes) throws IOException {
    long begun = System.nanoTime();
    say("d " + bytes);
    for (int left = bytes; left > 0; ) {
      long skipped = out.readNBytes(Math.min(left, PIECE_BYTES)).length;
      if (skipped == 0) {
        throw new EOFException("the answer was cut off");
      }
      left -= (int) skipped;
    }
    return System.nanoTime() - begun;
  }

  private void say(String words) throws IOException {
    talk.in().write((words + "\n").getBytes(StandardCharsets.US_ASCII));
    talk.in().flush();
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = out.read(); c != '\n'; c = out.read()) {
      if (c < 0) {
        throw new EOFException("no answer in time");
      }
      if (line.size() == LONGEST_LINE) {
        throw new IOException("the login's shell answers strangely");
      }
      line.write(c);
    }
    return line.toString(StandardCharsets.US_ASCII).strip();
  }

  @Override
  public void close() {
    talk.close();
  }
}
