"""The helper of colabfs: bulk work on the files below one directory of this machine.

It is sent over an SSH channel when a directory of this machine is mounted elsewhere, reads
requests from its standard input and writes answers and news of changes to its standard output,
leaves nothing on the disk, and ends when its input ends. docs/AGENT.md has the protocol.

One rule holds everything together: what is sent later was never seen earlier. Whoever looks at
the file system and tells what is there does both while holding ``Wire.observing``; what takes too
long for that looks first, and looks again under the lock when something it saw was told anew.

Runs on Python 3.8 and newer with nothing but the standard library.
"""

from __future__ import annotations

import collections
import ctypes
import errno
import hashlib
import os
import select
import signal
import stat
import struct
import sys
import threading
import time
import types
import zlib
from typing import Callable

VERSION = 1
MAGIC = b"colabfs-helper-1\n"
PARTS = ("helper", "jobs", "supervisor")  # of the program, in the order in which they are sent
CAPABILITIES = "snapshot contents change patch digests caught-up jobs"

# Requests.
HELLO, PING, CANCEL, BODY, CATCH_UP = 0x01, 0x02, 0x03, 0x04, 0x05
SNAPSHOT, CONTENTS, CHANGE, DIGESTS = 0x10, 0x11, 0x12, 0x13
JOB_KINDS, GRANT = range(0x20, 0x2A), 0x27
# Answers and news.
WELCOME, PONG, FATAL, CHUNK, DONE, ERROR, NEWS = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87

# In a snapshot's chunks, in those of contents, and in news.
LISTING = 1
FILE, PIECE, END, LEFT_OUT = 1, 2, 3, 4
IS_NOW, GONE, LOST = 1, 2, 3

FRAME_BYTES = 256 * 1024  # no frame is longer, in either direction
CHUNK_BYTES = 128 * 1024  # of a long answer, before it is compressed
OUTPUT_BYTES = 256 * 1024  # what waits to be sent; more work waits until there is room
NEWS_BYTES = 32 * 1024  # of news in one frame, unless one alone is longer
BODY_BYTES = 64 << 20  # of all requests that are not carried out yet
REQUESTS = 4096  # that are not answered yet
PATH_BYTES = 32 * 1024
NAME_BYTES = 255
BLOCKS = 1 << 19  # that digests are made of at most
COPY_BYTES = 1 << 20  # of a file that are in memory at once while another one is made of it

BATCH_SECONDS = 0.03  # for which small listings wait for each other
QUIET_SECONDS = 0.02  # for which events of one name are gathered
MODIFY_SECONDS = 0.2  # between two pieces of news of a file that is written without pause
RACY_NANOS = 20_000_000  # a clock tick of the kernel and more: later changes get another time
POLL_SECONDS = 5.0
POLLED_NAMES = 20_000
LEFT_OUT_DIRECTORIES = 8  # that were too large before a snapshot gives up
EVENT_NAMES = 256  # that are looked at under the lock at once

HEAD = struct.Struct(">IBI")  # length of what follows, kind, request
CHUNK_HEAD = struct.Struct(">BI")  # 1 when compressed, length when not
ATTRS = struct.Struct(">IIIIQqqqQ")  # mode uid gid links size atime mtime ctime inode
U16, U32, U64 = struct.Struct(">H"), struct.Struct(">I"), struct.Struct(">Q")
I64 = struct.Struct(">q")
VERSION_OF = struct.Struct(">QqqQ")  # size mtime ctime inode
I64_LIMIT = (1 << 63) - 1

WALK = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

# Where changes are made behind the kernel's back, so that inotify(7) does not tell of them.
BLIND = {"9p", "afs", "ceph", "cifs", "fuse", "fuseblk", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
BLIND |= {"vboxsf", "virtiofs"}
# What looks like files and is none: not entered by a snapshot of something else.
PSEUDO = {"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs"}
PSEUDO |= {"fusectl", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "sysfs", "tracefs"}
# Where each name costs a request to somebody's cloud: read a directory at a time, when it is asked for.
CLOUD = {"fuse.drive", "fuse.gcsfuse", "fuse.goofys", "fuse.mountpoint-s3", "fuse.rclone", "fuse.s3fs"}

RENAME_NOREPLACE = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Malformed(Exception):
    """The other side does not speak the protocol; there is no way on."""


class Cancelled(Exception):
    """Nobody wants the answer any more."""


class Broken(Exception):
    """Nobody reads the answers any more."""


class TooMany(Exception):
    """A directory has more names than may be sent."""


def failure(number: int) -> OSError:
    """An error by its number."""
    return OSError(number, os.strerror(number))


# ---------------------------------------------------------------------------------------------
# Paths and attributes


def split(path: bytes) -> list[bytes]:
    """The names that lead from the root to a path; EINVAL for all that could lead elsewhere."""
    if not path.startswith(b"/") or len(path) > PATH_BYTES or b"\0" in path:
        raise failure(errno.EINVAL)
    if path == b"/":
        return []
    names = path[1:].split(b"/")
    for name in names:
        if not name or name in (b".", b".."):
            raise failure(errno.EINVAL)
        if len(name) > NAME_BYTES:
            raise failure(errno.ENAMETOOLONG)
    return names


def parent_of(path: bytes) -> bytes:
    """The directory that holds a path; of the root, the root."""
    return path[: path.rindex(b"/")] or b"/"


def child_of(directory: bytes, name: bytes) -> bytes:
    """The path of a name in a directory."""
    return (b"" if directory == b"/" else directory) + b"/" + name


def is_below(path: bytes, directory: bytes) -> bool:
    """Whether a path is a directory or lies below it."""
    return directory == b"/" or path == directory or path.startswith(directory + b"/")


def is_text(name: bytes) -> bool:
    """Whether a name is UTF-8: others cannot be shown on the other side."""
    try:
        return name.isascii() or bool(name.decode())
    except UnicodeDecodeError:
        return False


def packed(st: os.stat_result) -> bytes:
    """Attributes as they are sent; what no number of 64 bits can hold is cut."""
    try:
        return ATTRS.pack(
            st.st_mode,
            st.st_uid,
            st.st_gid,
            st.st_nlink,
            st.st_size,
            st.st_atime_ns,
            st.st_mtime_ns,
            st.st_ctime_ns,
            st.st_ino,
        )
    except struct.error:
        times = (max(-I64_LIMIT, min(I64_LIMIT, t)) for t in (st.st_atime_ns, st.st_mtime_ns, st.st_ctime_ns))
        links, size = min(st.st_nlink, 0xFFFFFFFF), max(0, st.st_size)
        return ATTRS.pack(st.st_mode, st.st_uid, st.st_gid, links, size, *times, st.st_ino)


def without_access(attrs: bytes) -> bytes:
    """Attributes as they are sent, but for the time of access, which looking changes."""
    return attrs[:24] + attrs[32:]


def is_same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether two looks at a file saw the same version of it."""
    return (
        one.st_ino == other.st_ino
        and one.st_dev == other.st_dev
        and one.st_size == other.st_size
        and one.st_mtime_ns == other.st_mtime_ns
        and one.st_ctime_ns == other.st_ctime_ns
    )


class Descriptor:
    """A file descriptor that is closed at the end of a with."""

    __slots__ = ("fd",)

    def __init__(self, fd: int):
        self.fd = fd

    def __enter__(self) -> int:
        return self.fd

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


class Root:
    """The directory that is served, held open: nothing outside of it is ever reached.

    A path is walked name by name and no link is followed, not even one that is put in the way
    meanwhile. Mounts below the root are entered.
    """

    def __init__(self, path: bytes):
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.path = os.path.realpath(path)

    def directory(self, path: bytes, flags: int = WALK) -> Descriptor:
        """Opens a directory."""
        names = split(path)
        if not names:
            return Descriptor(os.open(b".", flags, dir_fd=self.fd))
        fd = self._walk(names[:-1])
        try:
            return Descriptor(os.open(names[-1], flags, dir_fd=fd))
        finally:
            os.close(fd)

    def holder(self, path: bytes) -> tuple[Descriptor, bytes]:
        """Opens the directory that holds a path; EBUSY for the root itself."""
        names = split(path)
        if not names:
            raise failure(errno.EBUSY)
        return Descriptor(self._walk(names[:-1])), names[-1]

    def is_there(self) -> bool:
        """Whether it is still where it was."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self.fd))
        except OSError:
            return False

    def lstat(self, path: bytes) -> os.stat_result:
        """Looks at what a path is."""
        if path == b"/":
            return os.fstat(self.fd)
        opened, name = self.holder(path)
        with opened as fd:
            return os.stat(name, dir_fd=fd, follow_symlinks=False)

    def _walk(self, names: list[bytes]) -> int:
        fd = os.dup(self.fd)
        for name in names:
            try:
                deeper = os.open(name, WALK, dir_fd=fd)
            finally:
                os.close(fd)
            fd = deeper
        return fd


class FileSystems:
    """Which kind of file system a device number is, from /proc/self/mountinfo (proc(5))."""

    REFRESH_SECONDS = 10

    def __init__(self) -> None:
        self._kinds: dict[int, str] = {}
        self._read = float("-inf")

    def kind(self, device: int) -> str:
        """Its name; empty where unknown."""
        if device not in self._kinds and time.monotonic() - self._read > self.REFRESH_SECONDS:
            self._refresh()
        return self._kinds.get(device, "")

    def is_blind(self, device: int) -> bool:
        """Whether others can change files there without inotify telling."""
        kind = self.kind(device)
        return kind in BLIND or kind.startswith("fuse.")

    def _refresh(self) -> None:
        self._read = time.monotonic()
        try:
            with open("/proc/self/mountinfo", "rb") as lines:
                for line in lines:
                    fields, _, tail = line.partition(b" - ")
                    major, _, minor = fields.split()[2].partition(b":")
                    self._kinds[os.makedev(int(major), int(minor))] = tail.split()[0].decode()
        except (OSError, ValueError, IndexError):
            pass  # then all are taken for ordinary ones


# ---------------------------------------------------------------------------------------------
# What is sent


class Scan:
    """A directory that is being read, or was and is not sent yet."""

    __slots__ = ("path", "stale", "watched", "entries", "raw", "directories", "names")

    def __init__(self, path: bytes):
        self.path = path
        self.stale = False  # something in it was told since: it has to be read again
        self.watched = False
        self.entries = 0
        self.raw: bytes | None = None
        self.directories: list[tuple[bytes, int]] = []  # name and device
        self.names: dict[bytes, bytes] | None = None  # with attributes, where they are polled


class Wire:
    """The way out: frames in the order in which they are put, bounded in bytes.

    Lock order: ``observing``, then that of ``Watches``, then the wire's own.
    """

    def __init__(self, fd: int):
        self.observing = threading.RLock()
        self._fd = fd
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._drained = threading.Condition(self._lock)
        self._frames: collections.deque[bytes] = collections.deque()
        self._bytes = 0
        self._broken = False
        self._scans: set[Scan] = set()
        self.drained: Callable[[], None] = lambda: None  # called when something was sent

    def has_room(self) -> bool:
        """Whether little is waiting to be sent."""
        return self._bytes < OUTPUT_BYTES

    def await_room(self) -> None:
        """Waits until little is waiting to be sent. Never called under a lock."""
        with self._lock:
            while self._bytes >= OUTPUT_BYTES and not self._broken:
                self._drained.wait()
            if self._broken:
                raise Broken

    def put(self, kind: int, request: int, payload: bytes = b"") -> None:
        """Adds a frame; does not wait."""
        frame = HEAD.pack(len(payload) + 5, kind, request) + payload
        with self._lock:
            self._frames.append(frame)
            self._bytes += len(frame)
            self._filled.notify()

    def begin_writing(self, magic: bytes) -> None:
        """What comes before the first frame, so that it is found behind what a login prints."""
        self._frames.append(magic)
        self._bytes += len(magic)

    def write(self) -> None:
        """Sends frames until there is nobody to read them."""
        while True:
            with self._lock:
                while not self._frames:
                    self._filled.wait()
                frames = [self._frames.popleft()]
                size = len(frames[0])
                while self._frames and size < CHUNK_BYTES:
                    frames.append(self._frames.popleft())
                    size += len(frames[-1])
            try:
                left = memoryview(b"".join(frames))
                while left:
                    left = left[os.write(self._fd, left) :]
            except OSError:
                with self._lock:
                    self._broken = True
                    self._drained.notify_all()
                return
            with self._lock:
                self._bytes -= size
                self._drained.notify_all()
            self.drained()

    def tell(self, records: list[bytes]) -> None:
        """Adds news, in frames that are not too long; under ``observing``."""
        batch: list[bytes] = []
        size = 0
        for record in records:
            if batch and size + len(record) > NEWS_BYTES:
                self.put(NEWS, 0, chunk(b"".join(batch)))
                batch, size = [], 0
            batch.append(record)
            size += len(record)
        if batch:
            self.put(NEWS, 0, chunk(b"".join(batch)))

    def await_sent(self, seconds: float) -> None:
        """Waits a while for all that was put to be sent."""
        end = time.monotonic() + seconds
        with self._lock:
            while self._bytes and not self._broken and time.monotonic() < end:
                self._drained.wait(0.1)

    # Scans: under ``observing``, but for begin.

    def begin(self, path: bytes) -> Scan:
        """A directory is going to be read."""
        scan = Scan(path)
        with self._lock:
            self._scans.add(scan)
        return scan

    def finish(self, scan: Scan) -> None:
        """What was read is told now, or never."""
        with self._lock:
            self._scans.discard(scan)

    def touched(self, directory: bytes) -> None:
        """Something in a directory is told now: who read it before has to read it again."""
        with self._lock:
            for scan in self._scans:
                if scan.path == directory:
                    scan.stale = True

    def touched_below(self, directory: bytes) -> None:
        """As touched, for all that is at or below."""
        with self._lock:
            for scan in self._scans:
                if is_below(scan.path, directory):
                    scan.stale = True


def chunk(raw: bytes, compressing: bool = True) -> bytes:
    """A piece of a stream, compressed where that makes it shorter."""
    small = zlib.compress(raw, 1) if compressing and len(raw) > 64 else raw
    if len(small) < len(raw):
        return CHUNK_HEAD.pack(1, len(raw)) + small
    return CHUNK_HEAD.pack(0, len(raw)) + raw


class Stream:
    """A long answer, sent in chunks. Threading: one thread."""

    def __init__(self, wire: Wire, request: int):
        self._wire = wire
        self._request = request
        self._uncompressed = 0  # chunks to send as they are, since the last one did not shrink
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        """Adds to what is going to be sent."""
        self.parts.append(part)
        self.size += len(part)

    def flush(self) -> None:
        """Sends what was added; under ``observing``."""
        raw = b"".join(self.parts)
        self.parts.clear()
        self.size = 0
        for start in range(0, len(raw), CHUNK_BYTES):
            piece = raw[start : start + CHUNK_BYTES]
            payload = chunk(piece, self._uncompressed == 0)
            if self._uncompressed:
                self._uncompressed -= 1
            elif len(payload) > len(piece) * 0.95:
                self._uncompressed = 4
            self._wire.put(CHUNK, self._request, payload)


def news(kind: int, path: bytes, attrs: bytes = b"") -> bytes:
    """One record of a piece of news."""
    return bytes((kind,)) + U16.pack(len(path)) + path + attrs


# ---------------------------------------------------------------------------------------------
# Watching


class Node:
    """A directory in the tree of those that are watched; each has all above it watched as well."""

    __slots__ = ("parent", "name", "children", "wd", "identity", "full")

    def __init__(self, parent: Node | None, name: bytes):
        self.parent = parent
        self.name = name
        self.children: dict[bytes, Node] = {}
        self.wd = -1
        self.identity = (0, 0)  # device and inode
        self.full = False  # names in it are told, not only that it moves

    def path(self) -> bytes:
        """Where it is."""
        names = []
        node = self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        return b"/" + b"/".join(reversed(names))


class Inotify:
    """inotify(7) through the C library."""

    MODIFY, ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO = 0x2, 0x4, 0x8, 0x40, 0x80
    CREATE, DELETE, DELETE_SELF, MOVE_SELF = 0x100, 0x200, 0x400, 0x800
    UNMOUNT, Q_OVERFLOW, IGNORED = 0x2000, 0x4000, 0x8000
    ONLYDIR, EXCL_UNLINK, MASK_ADD = 0x01000000, 0x04000000, 0x20000000
    NAMES = CREATE | DELETE | MOVED_FROM | MOVED_TO
    SELF = DELETE_SELF | MOVE_SELF | ATTRIB | ONLYDIR | MASK_ADD
    FULL = SELF | NAMES | MODIFY | CLOSE_WRITE | EXCL_UNLINK
    EVENT = struct.Struct("iIII")

    def __init__(self) -> None:
        self.fd: int = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise failure(ctypes.get_errno())

    def add(self, directory: int, mask: int) -> int:
        """Watches an open directory; its watch's number."""
        wd: int = LIBC.inotify_add_watch(self.fd, b"/proc/self/fd/%d" % directory, ctypes.c_uint32(mask))
        if wd < 0:
            raise failure(ctypes.get_errno())
        return wd

    def remove(self, wd: int) -> None:
        """Ends a watch; one that ended by itself is no error."""
        LIBC.inotify_rm_watch(self.fd, wd)

    def read(self) -> list[tuple[int, int, bytes]]:
        """What happened: watch, mask and name of each event; nothing when there is none."""
        try:
            data = os.read(self.fd, CHUNK_BYTES)
        except BlockingIOError:
            return []
        events = []
        at = 0
        while at < len(data):
            wd, mask, _, length = self.EVENT.unpack_from(data, at)
            at += self.EVENT.size
            events.append((wd, mask, data[at : at + length].rstrip(b"\0")))
            at += length
        return events


def watch_limit() -> int:
    """How many directories may be watched: some are left to other programs."""
    try:
        with open("/proc/sys/fs/inotify/max_user_watches", "rb") as text:
            return int(text.read()) * 3 // 4
    except (OSError, ValueError):
        return 0


class Watches:
    """The directories that are watched, as a tree by name. Threading: any thread."""

    def __init__(self, root: Root, limit: int):
        self.lock = threading.RLock()
        self.top = Node(None, b"")
        self.limit = limit
        self._root = root
        self._by_wd: dict[int, list[Node]] = {}
        try:
            self.inotify: Inotify | None = Inotify() if limit else None
        except (OSError, AttributeError):
            self.inotify = None

    def count(self) -> int:
        """How many there are."""
        return len(self._by_wd)

    def watch(self, path: bytes, fd: int) -> bool:
        """Watches a directory, open for reading or as a path; false when that cannot be."""
        if self.inotify is None:
            return False
        with self.lock:
            node, lacking = self.top, []
            for name in split(path):
                if node.wd < 0:
                    lacking.append(node)
                node = node.children.setdefault(name, Node(node, name))
            try:
                for above in lacking:
                    with self._root.directory(above.path()) as opened:
                        self._add(above, opened, False)
                self._add(node, fd, True)
                return True
            except OSError:
                if not node.children and node.wd < 0 and node.parent is not None:
                    del node.parent.children[node.name]
                return False

    def _add(self, node: Node, fd: int, full: bool) -> None:
        if node.wd < 0 and len(self._by_wd) >= self.limit:
            raise failure(errno.ENOSPC)
        wd = self.inotify.add(fd, Inotify.FULL if full else Inotify.SELF)
        if node.wd != wd:
            self._release(node)
            self._by_wd.setdefault(wd, []).append(node)
        st = os.fstat(fd)
        node.wd, node.identity = wd, (st.st_dev, st.st_ino)
        node.full = node.full or full

    def _release(self, node: Node) -> None:
        nodes = self._by_wd.get(node.wd)
        if nodes is not None and node in nodes:
            nodes.remove(node)
            if not nodes:
                del self._by_wd[node.wd]
                self.inotify.remove(node.wd)
        node.wd, node.full = -1, False

    def nodes(self, wd: int) -> list[Node]:
        """The directories that a watch is of: several where one is mounted twice."""
        with self.lock:
            return list(self._by_wd.get(wd, ()))

    def find(self, path: bytes) -> Node | None:
        """The directory of that path, when it or something below it is watched."""
        with self.lock:
            node: Node | None = self.top
            for name in split(path):
                node = node.children.get(name) if node is not None else None
            return node

    def is_true(self, node: Node) -> bool:
        """Whether its path still leads to the directory that is watched."""
        try:
            st = self._root.lstat(node.path())
        except OSError:
            return False
        return (st.st_dev, st.st_ino) == node.identity

    def drop(self, node: Node) -> None:
        """Watches neither it nor anything below any more."""
        with self.lock:
            left = [node]
            while left:
                each = left.pop()
                left.extend(each.children.values())
                self._release(each)
            node.children = {}
            if node.parent is not None and node.parent.children.get(node.name) is node:
                del node.parent.children[node.name]


class Events:
    """Tells what inotify says: gathers the events of a name, looks at it, and tells what is there.

    Threading: one thread.
    """

    def __init__(self, root: Root, wire: Wire, watches: Watches, root_gone):
        self._root_gone = root_gone
        self._root = root
        self._wire = wire
        self._watches = watches
        self._soon: dict[tuple[Node, bytes], None] = {}
        self._soon_due = 0.0
        self._later: dict[tuple[Node, bytes], float] = {}  # written without pause
        self._told: dict[tuple[Node, bytes], float] = {}  # when, oldest first
        self._asked: collections.deque[Callable[[], None]] = collections.deque()
        self._wake_out, self._wake_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def run(self) -> None:
        """Goes on until nobody reads the news any more."""
        poll = select.poll()
        poll.register(self._watches.inotify.fd, select.POLLIN)
        poll.register(self._wake_out, select.POLLIN)
        while True:
            poll.poll(self._pause())
            if self._asked:
                self._catch_up()
            self.step(time.monotonic())

    def catch_up(self, then: Callable[[], None]) -> None:
        """Soon calls that, when all that has happened until now has been told."""
        self._asked.append(then)
        try:
            os.write(self._wake_in, b"!")
        except BlockingIOError:
            pass  # it is awake already

    def _catch_up(self) -> None:
        os.read(self._wake_out, CHUNK_BYTES)
        asked = [self._asked.popleft() for _ in range(len(self._asked))]
        events = self._watches.inotify.read()
        while events:  # the kernel has queued all that happened before it was asked
            for wd, mask, name in events:
                self.handle(wd, mask, name, time.monotonic())
            events = self._watches.inotify.read()
        self._soon.update(dict.fromkeys(self._later))
        self._later = {}
        self._soon_due = 0.0
        self.step(time.monotonic())
        for then in asked:
            then()

    def _pause(self) -> float | None:
        due = [self._soon_due] if self._soon else []
        due += self._later.values()
        return max(0.0, min(due) - time.monotonic()) * 1000 if due else None

    def step(self, now: float) -> None:
        """Takes what happened and tells what is due."""
        for wd, mask, name in self._watches.inotify.read():
            self.handle(wd, mask, name, now)
        for key in [key for key, due in self._later.items() if due <= now]:
            del self._later[key]
            self._add_soon(key, now)
        if self._soon and self._soon_due <= now:
            keys = list(self._soon)
            self._soon = {}
            for start in range(0, len(keys), EVENT_NAMES):
                self._tell(keys[start : start + EVENT_NAMES])
            self._remember(keys, now)

    def handle(self, wd: int, mask: int, name: bytes, now: float) -> None:
        """Takes one event."""
        if mask & Inotify.Q_OVERFLOW:
            self._soon, self._later = {}, {}
            self.lose(self._watches.top)
            return
        for node in self._watches.nodes(wd):
            if mask & (Inotify.DELETE_SELF | Inotify.UNMOUNT | Inotify.IGNORED):
                self.lose(node)
            elif mask & Inotify.MOVE_SELF and node.parent is not None:
                self._verify(node)
            elif not name:
                if node.parent is None and not self._root.is_there():
                    self._root_gone()
                self._add_soon(self._itself(node), now)
            elif node.full:
                self._name_changed(node, name, mask, now)

    def _name_changed(self, node: Node, name: bytes, mask: int, now: float) -> None:
        if mask & Inotify.NAMES:
            child = node.children.get(name)
            if child is not None:
                self._verify(child)
            self._add_soon(self._itself(node), now)  # its own times changed with its names
        key = (node, name)
        told = self._told.get(key)
        if mask & ~Inotify.MODIFY or told is None or told + MODIFY_SECONDS <= now:
            self._later.pop(key, None)
            self._add_soon(key, now)
        elif key not in self._soon:
            self._later[key] = told + MODIFY_SECONDS

    @staticmethod
    def _itself(node: Node) -> tuple[Node, bytes]:
        return (node, b"") if node.parent is None else (node.parent, node.name)

    def _add_soon(self, key: tuple[Node, bytes], now: float) -> None:
        if not self._soon:
            self._soon_due = now + QUIET_SECONDS
        self._soon[key] = None

    def _remember(self, keys: list[tuple[Node, bytes]], now: float) -> None:
        for key in keys:
            self._told.pop(key, None)
            self._told[key] = now
        for key, told in list(self._told.items()):
            if told + MODIFY_SECONDS > now:
                break
            del self._told[key]

    def _verify(self, node: Node) -> None:
        if node.wd < 0 or not self._watches.is_true(node):
            self.lose(node)

    def lose(self, node: Node) -> None:
        """Tells that a directory and all below it are watched no longer."""
        self._wire.await_room()
        with self._wire.observing:
            path = node.path()
            self._watches.drop(node)
            self._wire.touched_below(path)
            self._wire.tell([news(LOST, path)])

    def _tell(self, keys: list[tuple[Node, bytes]]) -> None:
        self._wire.await_room()
        with self._wire.observing:
            records = []
            for node, name in keys:
                if node.wd >= 0:
                    directory = node.path()
                    records.append(self._look(child_of(directory, name) if name else directory))
                    self._wire.touched(directory)
            self._wire.tell(records)

    def _look(self, path: bytes) -> bytes:
        try:
            return news(IS_NOW, path, packed(self._root.lstat(path)))
        except (FileNotFoundError, NotADirectoryError):
            return news(GONE, path)
        except OSError:
            return news(LOST, path)


class Poller:
    """Tells of changes where inotify is blind: reads directories again every few seconds.

    Threading: ``keep`` under ``observing``; ``run`` on one thread.
    """

    def __init__(self, root: Root, wire: Wire):
        self._root = root
        self._wire = wire
        self._known: dict[bytes, dict[bytes, bytes]] = {}
        self._names = 0
        self._some = threading.Event()
        self._asked: collections.deque[Callable[[], None]] = collections.deque()
        self._hurry = threading.Event()

    def keep(self, path: bytes, names: dict[bytes, bytes]) -> bool:
        """Goes on looking at a directory; false when there is too much to look at already."""
        had = len(self._known.get(path, ())) + 1 if path in self._known else 0
        if self._names - had + len(names) + 1 > POLLED_NAMES:
            return False
        self._names += len(names) + 1 - had
        self._known[path] = names
        self._some.set()
        return True

    def run(self) -> None:
        """Goes on until nobody reads the news any more."""
        while True:
            self._some.wait()
            self._hurry.clear()
            asked = [self._asked.popleft() for _ in range(len(self._asked))]
            began = time.monotonic()
            self.round()
            took = time.monotonic() - began
            for then in asked:
                then()
            self._hurry.wait(max(POLL_SECONDS, 10 * took))

    def catch_up(self, then: Callable[[], None]) -> None:
        """Calls that when every directory has been looked at once more."""
        if not self._known:
            then()
            return
        self._asked.append(then)
        self._hurry.set()

    def round(self) -> None:
        """Looks at every directory once."""
        for path in list(self._known):
            scan = self._wire.begin(path)
            try:
                names = self._read(path)
                self._wire.await_room()
                with self._wire.observing:
                    if not scan.stale and path in self._known:
                        self._compare(path, names)
            finally:
                self._wire.finish(scan)

    def _read(self, path: bytes) -> dict[bytes, bytes] | None:
        try:
            with self._root.directory(path, LIST) as fd, os.scandir(fd) as entries:
                return {os.fsencode(e.name): packed(e.stat(follow_symlinks=False)) for e in entries}
        except OSError:
            return None

    def _compare(self, path: bytes, names: dict[bytes, bytes] | None) -> None:
        old = self._known[path]
        if names is None:
            self._lose(path)
            return
        records = []
        for name in old.keys() - names.keys():
            records.append(news(GONE, child_of(path, name)))
            self._lose(child_of(path, name))
        for name, attrs in names.items():
            if name not in old or without_access(old[name]) != without_access(attrs):
                records.append(news(IS_NOW, child_of(path, name), attrs))
        if records:
            self._wire.tell(records)
            self._wire.touched(path)
        if not self.keep(path, names):
            self._lose(path)

    def _lose(self, path: bytes) -> None:
        lost = [each for each in self._known if is_below(each, path)]
        for each in lost:
            self._names -= len(self._known.pop(each)) + 1
        if lost:
            self._wire.touched_below(path)
            self._wire.tell([news(LOST, path)])


# ---------------------------------------------------------------------------------------------
# Requests


class Fields:
    """Reads the fields of a request one after the other."""

    def __init__(self, payload: bytes):
        self._payload = payload
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        piece = self._payload[self._at : self._at + size]
        if len(piece) != size:
            raise Malformed("a request is shorter than it says")
        self._at += size
        return piece

    def u8(self) -> int:
        """A number of 8 bits."""
        return self.take(1)[0]

    def u32(self) -> int:
        """A number of 32 bits."""
        number: int = U32.unpack(self.take(4))[0]
        return number

    def i64(self) -> int:
        """A signed number of 64 bits."""
        number: int = I64.unpack(self.take(8))[0]
        return number

    def text(self) -> bytes:
        """A path or another text."""
        return self.take(U16.unpack(self.take(2))[0])

    def end(self) -> None:
        """There must be no more."""
        if self._at != len(self._payload):
            raise Malformed("a request is longer than it says")


class Request:
    """Something that was asked for. What it does comes with a subclass."""

    def __init__(self, service: Service, number: int):
        self.number = number
        self.cancelled = False
        self.body_bytes = 0
        self.service = service
        self.root = service.root
        self.wire = service.wire

    def run(self) -> None:
        """Does it, and answers; OSError becomes the answer."""
        raise NotImplementedError

    def check(self) -> None:
        """Ends it when nobody wants it any more."""
        if self.cancelled:
            raise Cancelled


class Snapshot(Request):
    """The listings of a directory and of those below it, nearest first."""

    ENTRY = struct.Struct(">IIIIQqqqQH")

    def __init__(self, service: Service, number: int, payload: bytes, _: bytes):
        super().__init__(service, number)
        fields = Fields(payload)
        self._left = fields.u32()
        self._depth = fields.u32()
        self._seconds = fields.u32() / 1000
        self._path = fields.text()
        fields.end()
        self._stream = Stream(self.wire, number)
        self._batch: list[tuple[Scan, int]] = []
        self._batch_bytes = 0
        self._batch_began = 0.0
        self._near: collections.deque[tuple[bytes, int]] = collections.deque()
        self._slow: collections.deque[tuple[bytes, int]] = collections.deque()
        self._complete = True
        self._begins_blind = False

    def run(self) -> None:
        """Sends listings until a bound is reached."""
        end = time.monotonic() + self._seconds
        too_many = 0
        try:
            too_many += not self._enter(self._path, 1)
            self._flush()
            while self._has_more():
                self.check()
                if too_many > LEFT_OUT_DIRECTORIES or time.monotonic() > end:
                    self._complete = False
                    break
                path, depth = (self._near or self._slow).popleft()
                try:
                    too_many += not self._enter(path, depth)
                except OSError as e:
                    self._unreadable(e)
                if self._batch_bytes >= CHUNK_BYTES or (
                    self._batch and time.monotonic() - self._batch_began > BATCH_SECONDS
                ):
                    self._flush()
            self._flush()
        finally:
            for scan, _ in self._batch:
                self.wire.finish(scan)
        self.wire.put(DONE, self.number, bytes((self._complete,)) + U32.pack(self.service.watches.count()))

    def _has_more(self) -> bool:
        """Whether directories are left; what has to be read again may hold new ones."""
        if not self._near and not self._slow:
            self._flush()
        return bool(self._near or self._slow)

    def _unreadable(self, error: OSError) -> None:
        """What went meanwhile, or is not for this login, is not left out for a bound."""
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP):
            self._complete = False

    def _enter(self, path: bytes, depth: int) -> bool:
        """Reads a directory and notes what is in it; false when it has too many names."""
        scan = self.wire.begin(path)
        try:
            self._read(scan)
        except TooMany:
            self.wire.finish(scan)
            self._complete = False
            return False
        except BaseException:
            self.wire.finish(scan)
            raise
        if not self._batch:
            self._batch_began = time.monotonic()
        self._batch.append((scan, depth))
        self._batch_bytes += len(scan.raw or b"")
        self._go_deeper(scan, depth)
        return True

    def _go_deeper(self, scan: Scan, depth: int) -> None:
        for name, device in scan.directories:
            kind = self.service.file_systems.kind(device)
            slow = self.service.file_systems.is_blind(device)
            if depth >= self._depth or kind in PSEUDO or kind in CLOUD or (slow and not self._begins_blind):
                self._complete = False
                continue
            (self._slow if slow else self._near).append((child_of(scan.path, name), depth + 1))

    def _read(self, scan: Scan) -> None:
        """Watches first, so that nothing that changes meanwhile is missed."""
        pack, encode, is_directory = self.ENTRY.pack, os.fsencode, stat.S_ISDIR
        scan.stale = False
        limit = self._left + scan.entries  # which are counted already when it is read again
        entries: list[bytes] = []
        directories: list[tuple[bytes, int]] = []
        with self.root.directory(scan.path, LIST) as fd:
            device = os.fstat(fd).st_dev
            blind = self.service.file_systems.is_blind(device)
            if scan.path == self._path:
                self._begins_blind = blind
            scan.watched = not blind and self.service.watches.watch(scan.path, fd)
            scan.names = {} if blind else None
            with os.scandir(fd) as found:
                for entry in found:
                    try:
                        st = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # gone meanwhile: news tell
                    name = encode(entry.name)
                    try:
                        record = pack(
                            st.st_mode,
                            st.st_uid,
                            st.st_gid,
                            st.st_nlink,
                            st.st_size,
                            st.st_atime_ns,
                            st.st_mtime_ns,
                            st.st_ctime_ns,
                            st.st_ino,
                            len(name),
                        )
                    except struct.error:
                        record = packed(st) + U16.pack(len(name))
                    entries.append(record + name)
                    if is_directory(st.st_mode) and is_text(name):
                        directories.append((name, st.st_dev))
                    if blind:
                        scan.names[name] = record[: ATTRS.size]
                    if len(entries) > limit:
                        raise TooMany
                    if len(entries) % 1024 == 0:
                        self.check()
        self._left = limit - len(entries)
        scan.entries = len(entries)
        scan.directories = directories
        scan.raw = b"".join(entries)

    def _flush(self) -> None:
        """Sends what was read; what was told of it since is read again."""
        self.wire.await_room()
        with self.wire.observing:
            for scan, depth in self._batch:
                if scan.stale:
                    self._read_again(scan, depth)
                self.wire.finish(scan)
                if scan.raw is None:
                    continue
                if scan.names is not None:
                    scan.watched = self.service.poller.keep(scan.path, scan.names)
                self.wire.touched(scan.path)
                self._stream.add(
                    bytes((LISTING,))
                    + U16.pack(len(scan.path))
                    + scan.path
                    + bytes((scan.watched,))
                    + U32.pack(scan.entries)
                    + scan.raw
                )
            self._stream.flush()
        self._batch.clear()
        self._batch_bytes = 0

    def _read_again(self, scan: Scan, depth: int) -> None:
        known = set(scan.directories)
        try:
            self._read(scan)
        except (OSError, TooMany) as e:
            if scan.path == self._path and isinstance(e, OSError):
                raise
            scan.raw = None
            self._complete = self._complete and not isinstance(e, TooMany)
            self.service.verify(scan.path)
            return
        scan.directories, fresh = [d for d in scan.directories if d not in known], scan.directories
        self._go_deeper(scan, depth)
        scan.directories = fresh


class Contents(Request):
    """The contents of files, many in a chunk."""

    SMALL_BYTES = 128 * 1024  # read at once, so that one that changes can be read again
    CHECKS = 256  # files that begin and end in one chunk

    def __init__(self, service: Service, number: int, payload: bytes, body: bytes):
        super().__init__(service, number)
        fields = Fields(payload)
        self._most = fields.i64()
        count = fields.u32()
        fields.end()
        names = Fields(body)
        self._paths = [names.text() for _ in range(count)]
        names.end()
        self._stream = Stream(self.wire, number)
        self._checks: list[tuple[int, bytes, os.stat_result]] = []

    def run(self) -> None:
        """Sends them in order."""
        for index, path in enumerate(self._paths):
            self.check()
            try:
                if not self._send(index, path) and not self._send(index, path):
                    raise failure(errno.EAGAIN)
            except OSError as e:
                name = error_name(e)
                self._stream.add(bytes((LEFT_OUT,)) + U32.pack(index) + bytes((len(name),)) + name)
            if self._stream.size >= CHUNK_BYTES or len(self._checks) >= self.CHECKS:
                self._flush()
        self._flush()
        self.wire.put(DONE, self.number)

    def _send(self, index: int, path: bytes) -> bool:
        """Sends one; false when it changed and nothing is sent yet."""
        with open_regular(self.root, path) as fd:
            st = settled(fd)
            if st.st_size > self._most:
                raise failure(errno.EFBIG)
            head = bytes((FILE,)) + U32.pack(index) + packed(st)
            if st.st_size > self.SMALL_BYTES:
                self._stream.add(head)
                self._send_large(fd, path, st)
                return True
            content = os.read(fd, st.st_size + 1) if st.st_size else b""
            if len(content) != st.st_size or not is_same(os.fstat(fd), st):
                return False
            self._stream.add(head)
            self._piece(content)
            self._end(path, st, True)
            return True

    def _send_large(self, fd: int, path: bytes, st: os.stat_result) -> None:
        left = st.st_size
        while left:
            self.check()
            content = os.read(fd, min(left, self.SMALL_BYTES))
            if not content:
                break
            left -= len(content)
            self._piece(content)
            if self._stream.size >= CHUNK_BYTES:
                self._flush()
        self._end(path, st, not left and is_same(os.fstat(fd), st))

    def _piece(self, content: bytes) -> None:
        if content:
            self._stream.add(bytes((PIECE,)) + U32.pack(len(content)))
            self._stream.add(content)

    def _end(self, path: bytes, st: os.stat_result, good: bool) -> None:
        if good:
            self._checks.append((len(self._stream.parts), path, st))
        self._stream.add(bytes((END, not good)))

    def _flush(self) -> None:
        """Sends what was read, with what is known by now of files that changed since."""
        self.wire.await_room()
        with self.wire.observing:
            for part, path, st in self._checks:
                if not is_still(self.root, path, st):
                    self._stream.parts[part] = bytes((END, 1))
            self._checks.clear()
            self._stream.flush()


class Digests(Request):
    """The first 16 bytes of SHA-256 of each block of a file."""

    def __init__(self, service: Service, number: int, payload: bytes, _: bytes):
        super().__init__(service, number)
        fields = Fields(payload)
        self._block = fields.u32()
        self._path = fields.text()
        fields.end()
        if not 4096 <= self._block <= 16 << 20 or self._block & (self._block - 1):
            raise Malformed("no size of a block")

    def run(self) -> None:
        """Sends them when all are known."""
        stream = Stream(self.wire, self.number)
        with open_regular(self.root, self._path) as fd:
            st = settled(fd)
            if st.st_size > self._block * BLOCKS:
                raise failure(errno.EFBIG)
            stream.add(packed(st))
            left = st.st_size
            while left:
                self.check()
                block = self._read_block(fd, min(left, self._block))
                stream.add(hashlib.sha256(block).digest()[:16])
                left -= len(block)
            self.wire.await_room()
            with self.wire.observing:
                if not is_same(os.fstat(fd), st) or not is_still(self.root, self._path, st):
                    raise failure(errno.EAGAIN)
                stream.flush()
                self.wire.put(DONE, self.number)

    @staticmethod
    def _read_block(fd: int, size: int) -> bytes:
        pieces = []
        while size:
            piece = os.read(fd, size)
            if not piece:
                raise failure(errno.EAGAIN)
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


def open_regular(root: Root, path: bytes) -> Descriptor:
    """Opens a regular file for reading, and never a device, a pipe or what a link leads to.

    """
    opened, name = root.holder(path)
    with opened as directory:
        st = os.stat(name, dir_fd=directory, follow_symlinks=False)
        require_regular(st)
        fd = open_quietly(name, directory)
    try:
        require_regular(os.fstat(fd))
    except OSError:
        os.close(fd)
        raise
    return Descriptor(fd)


def open_quietly(name: bytes, directory: int) -> int:
    """Opens for reading without a trace in the time of access, where this login may do so."""
    try:
        return os.open(name, READ | os.O_NOATIME, dir_fd=directory)
    except PermissionError:
        return os.open(name, READ, dir_fd=directory)


def settled(fd: int) -> os.stat_result:
    """Looks at an open file, and makes sure that any later change shows in its times.

    One that was changed within the kernel's last tick of the clock is left alone for a tick;
    EAGAIN when it is being changed all the time.
    """
    st = os.fstat(fd)
    if is_racy(st):
        time.sleep(RACY_NANOS / 1e9)
        st = os.fstat(fd)
        if is_racy(st):
            raise failure(errno.EAGAIN)
    return st


def is_racy(st: os.stat_result) -> bool:
    """Whether a file was changed so recently that the next change may get the same time."""
    return 0 <= time.time_ns() - st.st_ctime_ns < RACY_NANOS


def require_regular(st: os.stat_result) -> None:
    """EISDIR, ELOOP or EINVAL for what is no regular file."""
    if stat.S_ISDIR(st.st_mode):
        raise failure(errno.EISDIR)
    if stat.S_ISLNK(st.st_mode):
        raise failure(errno.ELOOP)
    if not stat.S_ISREG(st.st_mode):
        raise failure(errno.EINVAL)


def is_still(root: Root, path: bytes, st: os.stat_result) -> bool:
    """Whether a path leads to that version of a file."""
    try:
        return is_same(root.lstat(path), st)
    except OSError:
        return False


# ---------------------------------------------------------------------------------------------
# Changes


class Change(Request):
    """A change of the tree; TreeChange.java says what each kind promises."""

    PUT, MAKE_DIRECTORY, REMOVE_DIRECTORY, UNLINK, RENAME, SYMLINK, SET_ATTRIBUTES, PATCH = range(1, 9)
    ANYTHING, NOTHING, A_VERSION = range(3)
    COPY, LITERAL = 1, 2

    def __init__(self, service: Service, number: int, payload: bytes, body: bytes):
        super().__init__(service, number)
        self._body = body
        self._fields = Fields(payload)
        self._links = 0  # of what was replaced or removed
        self._told: list[bytes] = []  # other paths of which the answer tells
        kinds = {
            self.PUT: self._parse_put,
            self.MAKE_DIRECTORY: self._parse_make_directory,
            self.REMOVE_DIRECTORY: lambda: self._remove_directory,
            self.UNLINK: self._parse_unlink,
            self.RENAME: self._parse_rename,
            self.SYMLINK: self._parse_symlink,
            self.SET_ATTRIBUTES: self._parse_set_attributes,
            self.PATCH: self._parse_patch,
        }
        kind = self._fields.u8()
        if kind not in kinds:
            raise Malformed("no kind of change: %d" % kind)
        self._path = self._fields.text()
        self._make = kinds[kind]()
        self._fields.end()

    def run(self) -> None:
        """Makes it, and answers with what is there then."""
        with self.service.making:
            if self.service.ending:
                raise Cancelled
            opened, name = self.root.holder(self._path)
            with opened as fd:
                self._make(fd, name)
        self.wire.await_room()
        with self.wire.observing:
            for path in (self._path, *self._told):
                self.wire.touched(parent_of(path))
                self.wire.touched_below(path)
            try:
                attrs = b"\1" + packed(self.root.lstat(self._path))
            except (FileNotFoundError, NotADirectoryError):
                attrs = b"\0"
            self.wire.put(DONE, self.number, attrs + U32.pack(min(self._links, 0xFFFF)))

    # Each of these returns what makes the change, given the directory and the name in it.

    def _parse_base(self) -> tuple[int, int, int]:
        kind = self._fields.u8()
        if kind > self.A_VERSION:
            raise Malformed("no kind of base: %d" % kind)
        return (kind, self._fields.i64(), self._fields.i64()) if kind == self.A_VERSION else (kind, 0, 0)

    def _parse_times(self) -> tuple[int, int] | None:
        return (self._fields.i64(), self._fields.i64()) if self._fields.u8() else None

    def _parse_owner(self) -> tuple[int, int] | None:
        return (self._fields.u32(), self._fields.u32()) if self._fields.u8() else None

    def _parse_permissions(self) -> int | None:
        number = self._fields.u32()
        return None if number == 0xFFFFFFFF else number & 0o7777

    def _parse_put(self):
        temporary = self._fields.text()
        base, permissions = self._parse_base(), self._parse_permissions()
        owner, times = self._parse_owner(), self._parse_times()
        if parent_of(temporary) != parent_of(self._path) or temporary == self._path:
            raise Malformed("a temporary name that is elsewhere")
        return lambda fd, name: self._put(fd, name, split(temporary)[-1], base, permissions, owner, times)

    def _parse_make_directory(self):
        permissions = self._fields.u32() & 0o7777
        return lambda fd, name: self._make_directory(fd, name, permissions)

    def _parse_unlink(self):
        base = self._parse_base()
        return lambda fd, name: self._unlink(fd, name, base)

    def _parse_rename(self):
        source, replace = self._fields.text(), self._fields.u8()
        self._told.append(source)
        return lambda fd, name: self._rename(source, fd, name, bool(replace))

    def _parse_symlink(self):
        target = self._fields.text()
        return lambda fd, name: os.symlink(target, name, dir_fd=fd)

    def _parse_set_attributes(self):
        size = self._fields.i64() if self._fields.u8() else None
        permissions = self._parse_permissions()
        owner, times = self._parse_owner(), self._parse_times()
        return lambda fd, name: self._set_attributes(fd, name, size, permissions, owner, times)

    def _parse_patch(self):
        temporary = self._fields.text()
        version = VERSION_OF.unpack(self._fields.take(VERSION_OF.size))
        permissions, times = self._parse_permissions(), self._parse_times()
        digest = self._fields.take(32)
        pieces = [self._parse_piece(version[0]) for _ in range(self._fields.u32())]
        if sum(length for source, length in pieces if source is None) != len(self._body):
            raise Malformed("a patch with another body than it says")
        if not temporary:
            at = 0
            for source, length in pieces:
                if source is not None and source != at:
                    raise Malformed("a patch that moves what it leaves where it is")
                at += length
            return lambda fd, name: self._patch_in_place(fd, name, version, pieces, digest, permissions, times)
        if parent_of(temporary) != parent_of(self._path) or temporary == self._path:
            raise Malformed("a temporary name that is elsewhere")
        own = split(temporary)[-1]
        return lambda fd, name: self._patch(fd, name, own, version, pieces, digest, permissions, times)

    def _parse_piece(self, old_size: int) -> tuple[int | None, int]:
        """Where in the old file it comes from, or nothing for the body's next bytes, and how long it is."""
        kind = self._fields.u8()
        if kind not in (self.COPY, self.LITERAL):
            raise Malformed("no kind of piece: %d" % kind)
        source = self._fields.i64() if kind == self.COPY else None
        length = self._fields.i64()
        if length <= 0 or (source is not None and not 0 <= source <= old_size - length):
            raise Malformed("a piece of nothing")
        return source, length

    def _put(self, fd, name, temporary, base, permissions, owner, times) -> None:
        there = look(fd, name)
        self._check(base, there)
        if there is not None:
            if not stat.S_ISREG(there.st_mode):
                raise failure(errno.EEXIST)
            if there.st_nlink > 1:
                raise failure(errno.EMLINK)

        def fill(made: int) -> None:
            write_all(made, self._body)

        self._replace(fd, name, temporary, there, permissions, owner, times, fill)

    def _replace(self, fd, name, temporary, there, permissions, owner, times, fill) -> None:
        """Makes a file under a temporary name and gives it the name, if that is still what it was."""
        remove_if_there(fd, temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        made = os.open(temporary, flags, 0o600, dir_fd=fd)
        try:
            with Descriptor(made):
                fill(made)
                self._dress(made, there, permissions, owner)
                if times is not None:
                    os.utime(made, ns=times)
            now = look(fd, name)  # as late as can be
            if (now is None) != (there is None) or (there is not None and not is_same(now, there)):
                raise failure(errno.ESTALE)
            if there is None:
                try:
                    rename_new(fd, temporary, fd, name)
                except FileExistsError:
                    raise failure(errno.ESTALE) from None
            else:
                os.rename(temporary, name, src_dir_fd=fd, dst_dir_fd=fd)
        except OSError:
            remove_if_there(fd, temporary)
            raise
        self._links = 0 if there is None else there.st_nlink

    def _dress(self, fd, there: os.stat_result | None, permissions: int | None, owner: tuple[int, int] | None) -> None:
        """Gives a new file the owner and the mode that it is to have, owner first: that clears bits."""
        if owner is not None:
            os.fchown(fd, *owner)
        elif there is not None:
            st = os.fstat(fd)
            if (st.st_uid, st.st_gid) != (there.st_uid, there.st_gid):
                try:
                    os.fchown(fd, there.st_uid, there.st_gid)
                except OSError:
                    raise failure(errno.EMLINK) from None
        if permissions is None and there is not None:
            permissions = stat.S_IMODE(there.st_mode)
        os.fchmod(fd, 0o666 & ~self.service.umask if permissions is None else permissions)

    def _patch(self, fd, name, temporary, version, pieces, digest, permissions, times) -> None:
        there = require_version(look(fd, name), version)
        if there.st_nlink > 1:
            raise failure(errno.EMLINK)
        with Descriptor(open_quietly(name, fd)) as old:
            require_version(os.fstat(old), version)

            def fill(made: int) -> None:
                self._assemble(old, pieces, digest, lambda part: write_all(made, part))

            self._replace(fd, name, temporary, there, permissions, None, times, fill)

    def _patch_in_place(self, fd, name, version, pieces, digest, permissions, times) -> None:
        there = require_version(look(fd, name), version)
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with Descriptor(os.open(name, flags, dir_fd=fd)) as opened:
            self._assemble(opened, pieces, digest, lambda part: None)
            require_version(os.fstat(opened), version)  # as late as can be
            try:
                self._overwrite(opened, pieces)
                if permissions is not None:
                    os.fchmod(opened, permissions)
            except OSError as e:  # any other error says that nothing was changed
                raise OSError(errno.EIO, "changed in part: %s" % e.strerror) from None
            if times is not None:
                try:
                    os.utime(opened, ns=times)
                except PermissionError:
                    pass  # not this login's to set
        self._links = there.st_nlink

    def _assemble(self, old: int, pieces, digest: bytes, write: Callable[[bytes], None]) -> None:
        """Gives out the content that a patch makes, and ends with ESTALE when it is not what it should be."""
        found, body = hashlib.sha256(), memoryview(self._body)
        for source, length in pieces:
            while length:
                if source is None:
                    part = body[: min(length, COPY_BYTES)]
                    body = body[len(part) :]
                else:
                    part = os.pread(old, min(length, COPY_BYTES), source)
                    source += len(part)
                if not part:
                    raise failure(errno.ESTALE)
                found.update(part)
                write(part)
                length -= len(part)
        if found.digest() != digest:
            raise failure(errno.ESTALE)

    def _overwrite(self, fd: int, pieces) -> None:
        """Writes what is new of a file into it."""
        at, body = 0, memoryview(self._body)
        for source, length in pieces:
            if source is None:
                os.lseek(fd, at, os.SEEK_SET)
                write_all(fd, body[:length])
                body = body[length:]
            at += length
        os.ftruncate(fd, at)

    @staticmethod
    def _make_directory(fd: int, name: bytes, permissions: int) -> None:
        os.mkdir(name, permissions & 0o777, dir_fd=fd)
        st = os.stat(name, dir_fd=fd, follow_symlinks=False)
        wanted = permissions | (st.st_mode & stat.S_ISGID)  # which a directory may inherit
        if stat.S_IMODE(st.st_mode) != wanted:
            change_mode(fd, name, wanted)

    def _remove_directory(self, fd: int, name: bytes) -> None:
        os.rmdir(name, dir_fd=fd)
        self._links = 1

    def _unlink(self, fd: int, name: bytes, base: tuple[int, int, int]) -> None:
        there = os.stat(name, dir_fd=fd, follow_symlinks=False)
        self._check(base, there)
        os.unlink(name, dir_fd=fd)
        self._links = there.st_nlink

    def _rename(self, source: bytes, fd: int, name: bytes, replace: bool) -> None:
        opened, old_name = self.root.holder(source)
        with opened as old_fd:
            there = look(fd, name)
            if replace:
                os.rename(old_name, name, src_dir_fd=old_fd, dst_dir_fd=fd)
            else:
                rename_new(old_fd, old_name, fd, name)
        if there is not None and not stat.S_ISDIR(there.st_mode):
            self._links = there.st_nlink

    @staticmethod
    def _set_attributes(fd, name, size, permissions, owner, times) -> None:
        st = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if size is not None:
            require_regular(st)
            flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with Descriptor(os.open(name, flags, dir_fd=fd)) as opened:
                os.ftruncate(opened, size)
        if owner is not None:
            os.chown(name, *owner, dir_fd=fd, follow_symlinks=False)
        if permissions is not None:
            if stat.S_ISLNK(st.st_mode):
                raise failure(errno.EOPNOTSUPP)
            change_mode(fd, name, permissions)
        if times is not None:
            os.utime(name, ns=times, dir_fd=fd, follow_symlinks=False)

    def _check(self, base: tuple[int, int, int], there: os.stat_result | None) -> None:
        kind, size, mtime = base
        if kind == self.ANYTHING or (kind == self.NOTHING and there is None):
            return
        if kind == self.A_VERSION and there is not None and stat.S_ISREG(there.st_mode):
            seconds = mtime % 1_000_000_000 == 0
            its = there.st_mtime_ns // 1_000_000_000 * 1_000_000_000 if seconds else there.st_mtime_ns
            if there.st_size == size and its == mtime:
                return
        raise failure(errno.ESTALE)


def look(fd: int, name: bytes) -> os.stat_result | None:
    """What a name in an open directory is; nothing when it is not there."""
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def require_version(there: os.stat_result | None, version: tuple[int, int, int, int]) -> os.stat_result:
    """ESTALE for all but that version of a regular file."""
    if there is None or not stat.S_ISREG(there.st_mode):
        raise failure(errno.ESTALE)
    if (there.st_size, there.st_mtime_ns, there.st_ctime_ns, there.st_ino) != version:
        raise failure(errno.ESTALE)
    return there


def remove_if_there(fd: int, name: bytes) -> None:
    """Removes a name that may not be there."""
    try:
        os.unlink(name, dir_fd=fd)
    except FileNotFoundError:
        pass


def write_all(fd: int, content: bytes) -> None:
    """Writes all of it."""
    left = memoryview(content)
    while left:
        left = left[os.write(fd, left) :]


def change_mode(fd: int, name: bytes, mode: int) -> None:
    """As chmod, but never through a link (which Linux' own fchmodat does before 6.6)."""
    with Descriptor(os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)) as opened:
        if stat.S_ISLNK(os.fstat(opened).st_mode):
            raise failure(errno.EOPNOTSUPP)
        os.chmod("/proc/self/fd/%d" % opened, mode)


def rename_new(old_fd: int, old: bytes, new_fd: int, new: bytes) -> None:
    """Renames to a name that is not there: EEXIST when it is."""
    try:
        result = LIBC.renameat2(old_fd, old, new_fd, new, RENAME_NOREPLACE)
    except AttributeError:  # C libraries before 2.28
        number = errno.ENOSYS
    else:
        if result == 0:
            return
        number = ctypes.get_errno()
    if number not in (errno.ENOSYS, errno.EINVAL, errno.EPERM):
        raise failure(number)
    if look(new_fd, new) is not None:
        raise failure(errno.EEXIST)
    if stat.S_ISDIR(os.stat(old, dir_fd=old_fd, follow_symlinks=False).st_mode):
        os.rename(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd)
        return
    try:
        os.link(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # no links there at all
        os.rename(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd)
    else:
        os.unlink(old, dir_fd=old_fd)


# ---------------------------------------------------------------------------------------------
# The service


def error_name(error: OSError) -> bytes:
    """The name of an error's number; one of two that Linux gives the same number."""
    if error.errno == errno.EOPNOTSUPP:
        return b"EOPNOTSUPP"
    return errno.errorcode.get(error.errno or 0, "EIO").encode()


class Lane:
    """Threads that carry out requests of some kinds, in the order in which they came."""

    def __init__(self, service: Service, name: str, threads: int):
        self._service = service
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._requests: collections.deque[Request] = collections.deque()
        for _ in range(threads):
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def add(self, request: Request) -> None:
        """Carries it out in its turn."""
        with self._lock:
            self._requests.append(request)
            self._filled.notify()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._requests:
                    self._filled.wait()
                request = self._requests.popleft()
            self._service.carry_out(request)


class Service:
    """Takes requests from one stream and has them carried out."""

    def __init__(self, source, out: int):
        self._source = source
        self.wire = Wire(out)
        self.making = threading.Lock()  # while a change is made
        self.ending = False
        self.umask = os.umask(0o077)  # only one thread runs yet
        os.umask(self.umask)
        self._lock = threading.Lock()
        self._requests: dict[int, Request] = {}
        self._bodies: dict[int, list[bytes]] = {}
        self._body_bytes = 0
        self._has_jobs = threading.Event()  # from then on self._jobs is there

    def serve(self) -> int:
        """Goes on until the other side has gone; the exit status."""
        self.wire.begin_writing(MAGIC)
        threading.Thread(target=self._write, name="write", daemon=True).start()
        status = 0
        try:
            self._begin()
            while True:
                kind, number, payload = self._read()
                self._take(kind, number, payload)
        except EOFError:
            pass
        except Malformed as e:
            self.wire.put(FATAL, 0, str(e).encode())
            self.wire.await_sent(2)
            status = 2
        self._end()
        return status

    def _end(self) -> None:
        """A change that is being made is finished, those that wait are not begun."""
        self.ending = True
        self.making.acquire(timeout=10)

    def _write(self) -> None:
        self.wire.write()
        self._end()
        os._exit(1)  # nobody reads: the main thread may wait for input for ever

    def root_gone(self) -> None:
        """The directory that is served is not where it was: there is nothing to serve."""
        self.give_up("the mounted directory was moved or removed", 3)

    def give_up(self, why: str, status: int) -> None:
        """Says why and ends."""
        self.wire.put(FATAL, 0, why.encode("utf-8", "replace"))
        self.wire.await_sent(2)
        self._end()
        os._exit(status)

    def _read(self) -> tuple[int, int, bytes]:
        head = self._source.read(HEAD.size)
        if len(head) < HEAD.size:
            raise EOFError
        length, kind, number = HEAD.unpack(head)
        if not 5 <= length <= FRAME_BYTES:
            raise Malformed("a frame of %d bytes" % length)
        payload = self._source.read(length - 5)
        if len(payload) < length - 5:
            raise EOFError
        return kind, number, payload

    def _begin(self) -> None:
        """The handshake: who asks for what, and who answers."""
        kind, number, payload = self._read()
        if kind != HELLO:
            raise Malformed("no greeting")
        fields = Fields(payload)
        fields.u32()  # the newest version that the other side speaks: there is only one yet
        path = fields.text()
        fields.end()
        try:
            self.root = Root(path)
        except OSError as e:
            self.wire.put(ERROR, number, error_payload(e))
            self.wire.await_sent(2)
            raise EOFError from None
        self.file_systems = FileSystems()
        self.watches = Watches(self.root, watch_limit())
        self.events = Events(self.root, self.wire, self.watches, self.root_gone)
        self.poller = Poller(self.root, self.wire)
        self._lanes = {
            SNAPSHOT: (Snapshot, Lane(self, "snapshot", 2)),
            CONTENTS: (Contents, Lane(self, "contents", 2)),
            CHANGE: (Change, Lane(self, "change", 1)),
            DIGESTS: (Digests, Lane(self, "digests", 1)),
        }
        self.wire.put(WELCOME, number, U32.pack(VERSION) + self._facts())
        self._start(self._run_jobs)
        if self.watches.inotify is not None:
            self._start(self.events.run)
        self._start(self.poller.run)

    def _start(self, work) -> None:
        def run() -> None:
            try:
                work()
            except Broken:
                pass
            except Exception as e:  # nothing would be told any more, and nobody would know
                self.give_up("it cannot watch any more: %r" % e, 4)

        threading.Thread(target=run, daemon=True).start()

    def _run_jobs(self) -> None:
        load("supervisor")
        self._jobs = load("jobs").Jobs(self.wire, source_of("supervisor"), self._caught_up)
        self._has_jobs.set()
        self._jobs.run()

    def _facts(self) -> bytes:
        facts = {
            "python": "%d.%d.%d" % sys.version_info[:3],
            "pid": os.getpid(),
            "uid": os.getuid(),
            "gid": os.getgid(),
            "gids": " ".join(str(gid) for gid in os.getgroups()),
            "umask": "%o" % self.umask,
            "machine": first_line("/etc/machine-id"),
            "boot": first_line("/proc/sys/kernel/random/boot_id"),
            "watches": self.watches.limit if self.watches.inotify is not None else 0,
            "root": os.fsdecode(self.root.path),
            "capabilities": CAPABILITIES,
        }
        texts = (text for pair in facts.items() for text in pair)
        return b"".join(U16.pack(len(t)) + t for t in (os.fsencode(str(text)) for text in texts))

    def _take(self, kind: int, number: int, payload: bytes) -> None:
        if kind == PING:
            self.wire.put(PONG, number, U32.pack(self.watches.count()))
        elif kind == CATCH_UP:
            self._catch_up(number)
        elif kind == CANCEL:
            with self._lock:
                if number in self._requests:
                    self._requests[number].cancelled = True
            if self._has_jobs.is_set() and self._jobs.has(number):
                self._jobs.take(kind, number, payload)
        elif kind == BODY:
            self._add_body(number, payload)
        elif kind in self._lanes:
            self._begin_request(kind, number, payload)
        elif kind in JOB_KINDS:
            self._has_jobs.wait()  # the program for it is being read, if it is the first
            if kind != GRANT:
                self._check_number(number)
            self._jobs.take(kind, number, payload)
        else:
            self.wire.put(ERROR, number, error_payload(failure(errno.EOPNOTSUPP)))

    def _catch_up(self, number: int) -> None:
        self._caught_up(lambda: self.wire.put(DONE, number))

    def _caught_up(self, then: Callable[[], None]) -> None:
        """Calls that when all that has happened until now has been told, on any thread."""

        def answer() -> None:
            with self.wire.observing:
                then()

        def poll() -> None:
            self.poller.catch_up(answer)

        if self.watches.inotify is None:
            poll()
        else:
            self.events.catch_up(poll)

    def _add_body(self, number: int, payload: bytes) -> None:
        """A part of what belongs to a request that follows."""
        if len(payload) < CHUNK_HEAD.size:
            raise Malformed("a body without a head")
        compressed, length = CHUNK_HEAD.unpack_from(payload)
        piece = payload[CHUNK_HEAD.size :]
        if compressed:
            try:
                piece = zlib.decompressobj().decompress(piece, FRAME_BYTES)
            except zlib.error:
                raise Malformed("a body that cannot be read") from None
        if len(piece) != length:
            raise Malformed("a body of another length than it says")
        with self._lock:
            self._body_bytes += length
            if self._body_bytes > BODY_BYTES:
                raise Malformed("more than is answered yet may be")
        self._bodies.setdefault(number, []).append(piece)

    def _begin_request(self, kind: int, number: int, payload: bytes) -> None:
        make, lane = self._lanes[kind]
        body = b"".join(self._bodies.pop(number, ()))
        request = make(self, number, payload, body)
        request.body_bytes = len(body)
        self._check_number(number)
        with self._lock:
            self._requests[number] = request
        lane.add(request)

    def _check_number(self, number: int) -> None:
        with self._lock:
            is_used, count = number in self._requests, len(self._requests)
        if self._has_jobs.is_set():
            is_used = is_used or self._jobs.has(number)
            count += self._jobs.count()
        if is_used or count >= REQUESTS:
            raise Malformed("a request's number that is in use, or too many requests")

    def carry_out(self, request: Request) -> None:
        """Carries a request out, and answers when it fails."""
        try:
            if isinstance(request, Change):
                request.cancelled = False  # what was handed over before others counts on its place
            request.check()
            request.run()
        except Cancelled:
            self._answer(request, failure(errno.ECANCELED))
        except OSError as e:
            self._answer(request, e)
        except Broken:
            pass
        except Exception as e:  # the next request deserves an answer, too
            self._answer(request, OSError(errno.EIO, repr(e)))
        finally:
            with self._lock:
                self._requests.pop(request.number, None)
                self._body_bytes -= request.body_bytes

    def _answer(self, request: Request, error: OSError) -> None:
        with self.wire.observing:
            self.wire.put(ERROR, request.number, error_payload(error))

    def verify(self, path: bytes) -> None:
        """A directory could not be read: if it is watched, it may be another one by now."""
        node = self.watches.find(path)
        if node is not None and not self.watches.is_true(node):
            self.watches.drop(node)
            self.wire.tell([news(LOST, path)])


def error_payload(error: OSError) -> bytes:
    """Name and words of an error."""
    name = error_name(error)
    words = (error.strerror or "").encode("utf-8", "replace")[:1024]
    return bytes((len(name),)) + name + words


def first_line(path: str) -> str:
    """The first line of a small file; empty when there is none."""
    try:
        with open(path, encoding="ascii", errors="replace") as text:
            return text.readline(200).strip()
    except OSError:
        return ""


def source_of(name: str) -> bytes:
    """The source of another part of the program: it came along, or it lies beside this one."""
    came: list[bytes] = globals().get("parts", [])
    if came:
        return came[PARTS.index(name)]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py"), "rb") as source:
        return source.read()


def load(name: str) -> types.ModuleType:
    """Another part of the program, as a module."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source_of(name), "colabfs-" + name, "exec"), module.__dict__)
    return module


def main() -> None:
    """Serves standard input and output; what is printed by mistake goes to standard error."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # the end of the input is the end
    out = os.dup(1)
    os.dup2(2, 1)
    os._exit(Service(sys.stdin.buffer, out).serve())


if __name__ == "__main__":
    main()
