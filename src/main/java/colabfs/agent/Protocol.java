package colabfs.agent;

import java.nio.charset.StandardCharsets;

/** The numbers of the protocol, the same as in helper.py; docs/AGENT.md explains them. */
final class Protocol {
  static final int VERSION = 1;

  /** What the helper says first; what a login's shell prints may stand before it. */
  static final byte[] MAGIC = "colabfs-helper-1\n".getBytes(StandardCharsets.US_ASCII);

  static final int HELLO = 0x01;
  static final int PING = 0x02;
  static final int CANCEL = 0x03;
  static final int BODY = 0x04;
  static final int CATCH_UP = 0x05;
  static final int SNAPSHOT = 0x10;
  static final int CONTENTS = 0x11;
  static final int CHANGE = 0x12;
  static final int DIGESTS = 0x13;

  static final int START = 0x20;
  static final int ATTACH = 0x21;
  static final int INPUT = 0x22;
  static final int SIGNAL = 0x23;
  static final int RESIZE = 0x24;
  static final int JOBS = 0x25;
  static final int REMOVE = 0x26;
  static final int GRANT = 0x27;
  static final int TYPE = 0x28;
  static final int SINCE = 0x29;

  static final int WELCOME = 0x81;
  static final int PONG = 0x82;
  static final int FATAL = 0x83;
  static final int CHUNK = 0x84;
  static final int DONE = 0x85;
  static final int ERROR = 0x86;
  static final int NEWS = 0x87;
  static final int OUTPUT = 0x88;

  /** No frame is longer, in either direction; the length field itself is not counted. */
  static final int FRAME_BYTES = 256 * 1024;

  /** Kind and request number: no frame is shorter. */
  static final int HEAD_BYTES = 5;

  /** What a chunk holds at most when it is not compressed. */
  static final int CHUNK_BYTES = 128 * 1024;

  /** Pieces in which the content of a change is sent, so that questions get between them. */
  static final int BODY_BYTES = 64 * 1024;

  /** Attributes as they are sent. */
  static final int ATTRS_BYTES = 56;

  /** Blocks of a file that digests are made of at most. */
  static final int BLOCKS = 1 << 19;

  private Protocol() {}
}
