package colabfs.remote;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.TreeChange.Base;
import colabfs.remote.TreeChange.Done;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.function.BooleanSupplier;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/** How a {@link FakeTreeHelper} makes changes. Threading: guarded by what holds it. */
final class FakeChanges {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private final LongPredicate hasRoomFor;
  private int login;

  /** Fails where there is no room for so many bytes more. */
  FakeChanges(LongPredicate hasRoomFor) {
    this.hasRoomFor = hasRoomFor;
  }

  /** Who cannot give a new file another owner than this; 0 can. */
  void login(int uid) {
    login = uid;
  }

  /**
   * @param cutShort whether a put ends when its temporary file is there
   */
  Done make(FakeTree tree, TreeChange change, BooleanSupplier cutShort) throws FsException {
    if (change instanceof TreeChange.Put put) {
      return put(tree, put, cutShort);
    } else if (change instanceof TreeChange.Patch patch) {
      return patch(tree, patch, cutShort);
    } else if (change instanceof TreeChange.Unlink unlink) {
      return unlink(tree, unlink);
    } else if (change instanceof TreeChange.Rename rename) {
      return rename(tree, rename);
    } else if (change instanceof TreeChange.MakeDirectory make) {
      tree.mkdir(make.path(), make.permissions());
      return after(tree, make.path(), 0);
    } else if (change instanceof TreeChange.RemoveDirectory remove) {
      tree.rmdir(remove.path());
      return new Done(null, 1);
    } else if (change instanceof TreeChange.Symlink link) {
      tree.symlink(link.target(), link.path());
      return after(tree, link.path(), 0);
    } else if (change instanceof TreeChange.SetAttributes set) {
      tree.node(set.path()).changeInFull(set.change());
      return after(tree, set.path(), 0);
    }
    throw new IllegalArgumentException("no change that is known: " + change);
  }

  private static Done after(FakeTree tree, RemotePath path, int links) throws FsException {
    return new Done(tree.node(path).inFull(), links);
  }

  private static @Nullable FakeNode at(FakeTree tree, RemotePath path) throws FsException {
    try {
      return tree.node(path);
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT) {
        return null;
      }
      throw e;
    }
  }

  private Done put(FakeTree tree, TreeChange.Put put, BooleanSupplier cutShort) throws FsException {
    FakeNode there = at(tree, put.path());
    check(put.base(), there, put.path());
    if (there != null && there.type != FileType.REGULAR) {
      throw FakeTree.failure(Errno.EEXIST, put.path());
    }
    FileAttrs old = there == null ? null : there.inFull();
    boolean ownedByOther = old != null && login != 0 && old.uid() != login;
    if (old != null && (old.links() > 1 || ownedByOther)) {
      throw FakeTree.failure(Errno.EMLINK, put.path());
    }
    AttrChange.Owner given = put.owner();
    if (given != null && login != 0 && given.uid() != login) {
      throw FakeTree.failure(Errno.EPERM, put.path());
    }
    if (!hasRoomFor.test(put.content().remaining())) {
      throw FakeTree.failure(Errno.ENOSPC, put.path());
    }
    if (at(tree, put.temporary()) != null) {
      tree.unlink(put.temporary());
    }
    FakeNode made = tree.open(put.temporary(), EnumSet.of(OpenFlag.CREATE), 0600);
    made.write(0, put.content().duplicate());
    if (cutShort.getAsBoolean()) {
      throw FakeTree.failure(Errno.EIO, put.path());
    }
    Integer permissions = put.permissions();
    int mode = permissions != null ? permissions : old != null ? old.permissions() : 0644;
    AttrChange.Owner kept = old == null ? null : new AttrChange.Owner(old.uid(), old.gid());
    AttrChange.Owner owner = given == null ? kept : given;
    made.changeInFull(new AttrChange(null, mode, owner, put.times()));
    tree.rename(put.temporary(), put.path());
    return after(tree, put.path(), old == null ? 0 : old.links());
  }

  private Done patch(FakeTree tree, TreeChange.Patch patch, BooleanSupplier cutShort)
      throws FsException {
    FakeNode there = at(tree, patch.path());
    if (there == null || !isVersion(there.inFull(), patch.base())) {
      throw FakeTree.failure(Errno.ESTALE, patch.path());
    }
    ByteBuffer content = assemble(there, patch);
    RemotePath temporary = patch.temporary();
    Integer permissions = patch.permissions();
    if (temporary != null) {
      int mode = permissions != null ? permissions : there.inFull().permissions();
      Base base = new Base.Version(patch.base().sizeBytes(), patch.base().mtimeNanos());
      return put(
          tree,
          new TreeChange.Put(patch.path(), temporary, content, base, mode, null, patch.times()),
          cutShort);
    }
    if (!hasRoomFor.test(patch.literals().remaining())) {
      throw FakeTree.failure(Errno.EIO, patch.path());
    }
    int half = cutShort.getAsBoolean() ? content.remaining() / 2 : content.remaining();
    there.write(0, content.slice(0, half));
    if (cutShort.getAsBoolean()) {
      throw FakeTree.failure(Errno.EIO, patch.path());
    }
    there.changeInFull(AttrChange.size(content.remaining()));
    there.changeInFull(new AttrChange(null, permissions, null, patch.times()));
    return after(tree, patch.path(), there.links);
  }

  private static boolean isVersion(FileAttrs one, FileAttrs other) {
    return one.isRegular()
        && one.sizeBytes() == other.sizeBytes()
        && one.mtimeNanos() == other.mtimeNanos()
        && one.ctimeNanos() == other.ctimeNanos()
        && one.inode() == other.inode();
  }

  private static ByteBuffer assemble(FakeNode there, TreeChange.Patch patch) throws FsException {
    byte[] old = there.content();
    ByteBuffer literals = patch.literals().duplicate();
    int size = patch.pieces().stream().mapToInt(piece -> (int) piece.lengthBytes()).sum();
    ByteBuffer content = ByteBuffer.allocate(size);
    for (TreeChange.Piece piece : patch.pieces()) {
      int length = (int) piece.lengthBytes();
      if (piece instanceof TreeChange.Piece.Copy copy) {
        content.put(old, (int) copy.offset(), length);
      } else {
        content.put(literals.slice(literals.position(), length));
        literals.position(literals.position() + length);
      }
    }
    if (!sha256(content.flip()).equals(patch.sha256())) {
      throw FakeTree.failure(Errno.ESTALE, patch.path());
    }
    return content;
  }

  private static ByteBuffer sha256(ByteBuffer content) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(content.duplicate());
      return ByteBuffer.wrap(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Done unlink(FakeTree tree, TreeChange.Unlink unlink) throws FsException {
    FakeNode there = tree.node(unlink.path());
    check(unlink.base(), there, unlink.path());
    int links = there.links;
    tree.unlink(unlink.path());
    return new Done(null, links);
  }

  private static Done rename(FakeTree tree, TreeChange.Rename rename) throws FsException {
    FakeNode over = at(tree, rename.path());
    int links = over == null ? 0 : over.links;
    if (rename.replace()) {
      tree.rename(rename.from(), rename.path());
    } else {
      tree.renameNew(rename.from(), rename.path());
    }
    return after(tree, rename.path(), links);
  }

  private static void check(Base base, @Nullable FakeNode there, RemotePath path)
      throws FsException {
    boolean asExpected =
        base instanceof Base.Anything
            || (base instanceof Base.Nothing && there == null)
            || (base instanceof Base.Version version && there != null && is(there, version));
    if (!asExpected) {
      throw FakeTree.failure(Errno.ESTALE, path);
    }
  }

  private static boolean is(FakeNode node, Base.Version version) {
    FileAttrs attrs = node.inFull();
    boolean inSeconds = Math.floorMod(version.mtimeNanos(), NANOS_PER_SECOND) == 0;
    long time =
        inSeconds
            ? attrs.mtimeNanos() - Math.floorMod(attrs.mtimeNanos(), NANOS_PER_SECOND)
            : attrs.mtimeNanos();
    return attrs.isRegular()
        && attrs.sizeBytes() == version.sizeBytes()
        && time == version.mtimeNanos();
  }
}
