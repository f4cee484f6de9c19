package colabfs.agent;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.TreeListener;
import java.nio.ByteBuffer;

/** Takes apart what the helper tells unasked. */
final class News {
  private static final int IS_NOW = 1;
  private static final int GONE = 2;
  private static final int LOST = 3;

  private News() {}

  /** Tells a listener of all that a piece of news holds. */
  static void tell(ByteBuffer records, TreeListener listener) throws ProtocolException {
    while (records.hasRemaining()) {
      int kind = Fields.readByte(records);
      RemotePath path = Fields.readPath(records);
      FileAttrs attrs = kind == IS_NOW ? Fields.readAttrs(records) : null;
      if (kind < IS_NOW || kind > LOST) {
        throw new ProtocolException("news of an unknown kind: " + kind);
      }
      if (path == null) {
        continue; // a name that cannot be shown
      }
      if (kind == LOST) {
        listener.lost(path);
      } else if (kind == GONE || attrs != null) {
        listener.changed(path, attrs);
      }
    }
  }
}
