package colabfs.profile;

import static java.nio.file.attribute.PosixFilePermission.OWNER_EXECUTE;
import static java.nio.file.attribute.PosixFilePermission.OWNER_READ;
import static java.nio.file.attribute.PosixFilePermission.OWNER_WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;

/**
 * Files that are for the user alone: mode 0600 in directories of mode 0700.
 *
 * <p>Durability: a written file is there whole or not at all, also after a power cut.
 */
public final class PrivateFiles {
  private static final Set<PosixFilePermission> FILE = EnumSet.of(OWNER_READ, OWNER_WRITE);
  private static final Set<PosixFilePermission> DIRECTORY =
      EnumSet.of(OWNER_READ, OWNER_WRITE, OWNER_EXECUTE);

  /** Makes a directory and what is missing above it, and takes others' rights to it away. */
  public static void makeDirectory(Path directory) throws IOException {
    Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(DIRECTORY));
    if (!DIRECTORY.containsAll(Files.getPosixFilePermissions(directory))) {
      Files.setPosixFilePermissions(directory, DIRECTORY);
    }
  }

  /** Replaces the content of a file of that directory in one step. */
  public static void write(Path directory, Path file, String text) throws IOException {
    write(directory, file, text.getBytes(StandardCharsets.UTF_8), FILE);
  }

  /** Makes a file of that directory in one step; false when there is one of that name. */
  public static boolean create(Path directory, Path file, byte[] content) throws IOException {
    byte[] tail = new byte[6];
    new SecureRandom().nextBytes(tail);
    Path draft =
        directory.resolve("." + file.getFileName() + "." + HexFormat.of().formatHex(tail) + ".new");
    write(directory, draft, content, FILE);
    try {
      Files.createLink(file, draft); // unlike a rename, never in place of another
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  /** Replaces the content of a file that is there in one step; its mode and owner stay. */
  static void replace(Path file, byte[] content) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null) {
      throw new IOException("not a file: " + file);
    }
    PosixFileAttributes before = Files.readAttributes(file, PosixFileAttributes.class);
    write(directory, file, content, before.permissions());
    PosixFileAttributes now = Files.readAttributes(file, PosixFileAttributes.class);
    if (!now.owner().equals(before.owner())) {
      Files.setOwner(file, before.owner()); // root at work in a user's home
    }
    if (!now.permissions().equals(before.permissions())) {
      Files.setPosixFilePermissions(file, before.permissions()); // what the umask took away
    }
  }

  private static void write(
      Path directory, Path file, byte[] content, Set<PosixFilePermission> mode) throws IOException {
    byte[] tail = new byte[6];
    new SecureRandom().nextBytes(tail);
    Path draft =
        directory.resolve("." + file.getFileName() + "." + HexFormat.of().formatHex(tail) + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(
              draft,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(mode))) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(draft);
    }
    try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
      names.force(true);
    }
  }

  /** Whether others than the owner have any right to a file. */
  static boolean isOpenToOthers(Path file) throws IOException {
    return !FILE.containsAll(Files.getPosixFilePermissions(file));
  }

  /** Takes others' rights to a file away; true if they had any. */
  static boolean makePrivate(Path file) throws IOException {
    if (!isOpenToOthers(file)) {
      return false;
    }
    Files.setPosixFilePermissions(file, FILE);
    return true;
  }

  /** True when the file belongs to whoever owns the user's own new files. */
  static boolean isOwnedLike(Path file, Path other) throws IOException {
    return Files.getOwner(file).equals(Files.getOwner(other, LinkOption.NOFOLLOW_LINKS));
  }

  private PrivateFiles() {}
}
