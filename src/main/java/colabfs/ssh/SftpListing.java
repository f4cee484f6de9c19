package colabfs.ssh;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * Reads one directory handle to its end with many READDIR in flight: a server answers about a
 * hundred names at a time, and one round trip each would make a large directory slow.
 *
 * <p>Threading: its futures' threads; the lock guards the fields, nothing is sent or ended under
 * it.
 */
final class SftpListing {
  private static final int FIRST_IN_FLIGHT = 2;
  private static final int MOST_IN_FLIGHT = 32;

  /** An answer of fewer names is probably the last: those in flight will tell. */
  private static final int FULL_ANSWER = 64;

  /** Bounds what a server can make us keep. */
  private static final int MOST_ENTRIES = 4_000_000;

  /** A name and a line for people, both empty, and no attributes. */
  private static final int LEAST_ENTRY_BYTES = 12;

  private final SftpChannel channel;
  private final byte[] handle;
  private final Consumer<String> leftOut;
  private final CompletableFuture<List<DirEntry>> result = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final SortedMap<Integer, List<DirEntry>> answers = new TreeMap<>();

  @GuardedBy("lock")
  private int allowed = FIRST_IN_FLIGHT;

  @GuardedBy("lock")
  private int asked;

  @GuardedBy("lock")
  private int entries;

  /** Number of the first question that was answered with the end. */
  @GuardedBy("lock")
  private int end = Integer.MAX_VALUE;

  private SftpListing(SftpChannel channel, byte[] handle, Consumer<String> leftOut) {
    this.channel = channel;
    this.handle = handle;
    this.leftOut = leftOut;
  }

  /**
   * Reads to the end; the handle stays open. Ends with SftpStatus or FsException.
   *
   * @param leftOut told of each name that is no file name
   */
  static CompletableFuture<List<DirEntry>> read(
      SftpChannel channel, byte[] handle, Consumer<String> leftOut) {
    SftpListing listing = new SftpListing(channel, handle, leftOut);
    listing.ask();
    return listing.result;
  }

  private void ask() {
    while (!result.isDone()) {
      int number;
      lock.lock();
      try {
        if (end != Integer.MAX_VALUE || asked - answers.size() >= allowed) {
          return;
        }
        number = asked++;
      } finally {
        lock.unlock();
      }
      SftpRequest request = SftpRequest.of(SftpConstants.SSH_FXP_READDIR).string(handle);
      Chain.whenDone(
          channel.send(request, this::names), (names, failure) -> answered(number, names, failure));
    }
  }

  private void answered(int number, @Nullable List<DirEntry> names, @Nullable Throwable failure) {
    boolean isEnd = failure instanceof SftpStatus status && status.is(SftpConstants.SSH_FX_EOF);
    if (failure != null && !isEnd) {
      result.completeExceptionally(failure);
      return;
    }
    List<DirEntry> all = null;
    boolean askMore;
    lock.lock();
    try {
      List<DirEntry> found = names == null ? List.of() : names;
      answers.put(number, found);
      entries += found.size();
      if (isEnd) {
        end = Math.min(end, number);
      }
      askMore = number > 0 || found.size() >= FULL_ANSWER;
      allowed = Math.min(MOST_IN_FLIGHT, allowed * 2);
      if (end != Integer.MAX_VALUE && answers.headMap(end).size() == end) {
        all = new ArrayList<>(entries);
        answers.values().forEach(all::addAll);
      }
      if (entries > MOST_ENTRIES) {
        result.completeExceptionally(
            new FsException(Errno.EIO, "a directory of more than " + MOST_ENTRIES + " entries"));
      }
    } finally {
      lock.unlock();
    }
    if (all != null) {
      result.complete(all);
    } else if (askMore) {
      ask();
    }
  }

  private List<DirEntry> names(SftpReply reply) throws SftpStatus, ProtocolException {
    SftpAnswer.expect(reply, SftpConstants.SSH_FXP_NAME);
    int count = reply.int32();
    if (count < 0 || count > reply.remaining() / LEAST_ENTRY_BYTES) {
      throw new ProtocolException("a listing of " + Integer.toUnsignedLong(count) + " names");
    }
    if (count == 0) {
      throw new SftpStatus(SftpConstants.SSH_FX_EOF, "no names"); // a server could go on for ever
    }
    List<DirEntry> found = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      byte[] name = reply.bytes();
      int links = SftpAttrs.linksIn(reply.bytes());
      FileAttrs attrs = SftpAttrs.read(reply);
      String text = fileName(name);
      if (text != null) {
        found.add(new DirEntry(text, attrs.withIdentity(0, links)));
      }
    }
    return found;
  }

  private @Nullable String fileName(byte[] name) {
    if (isDots(name)) {
      return null;
    }
    try {
      String text = strict(name);
      if (RemotePath.isName(text)) {
        return text;
      }
    } catch (CharacterCodingException e) {
      // told below
    }
    leftOut.accept(new String(name, StandardCharsets.ISO_8859_1).replaceAll("\\p{Cntrl}", "?"));
    return null;
  }

  private static boolean isDots(byte[] name) {
    return (name.length == 1 && name[0] == '.')
        || (name.length == 2 && name[0] == '.' && name[1] == '.');
  }

  private static String strict(byte[] name) throws CharacterCodingException {
    for (byte letter : name) {
      if (letter < 0) {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
      }
    }
    return new String(name, StandardCharsets.ISO_8859_1);
  }
}
