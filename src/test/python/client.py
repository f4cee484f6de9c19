"""The other side of the helper's protocol, as simple as can be, for its tests."""

import hashlib
import importlib.util
import os
import queue
import struct
import subprocess
import sys
import threading
import zlib

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..", "main", "resources", "colabfs", "agent", "helper.py")

_spec = importlib.util.spec_from_file_location("helper", SOURCE)
helper = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(helper)

PATIENCE = 20


def text(path):
    """A path as a field."""
    encoded = os.fsencode(path)
    return struct.pack(">H", len(encoded)) + encoded


def opened(payload):
    """What a chunk holds."""
    compressed, length = struct.unpack_from(">BI", payload)
    raw = zlib.decompress(payload[5:]) if compressed else payload[5:]
    assert len(raw) == length <= helper.CHUNK_BYTES, length
    return raw


class Attrs:
    """Attributes as they came."""

    def __init__(self, raw):
        fields = helper.ATTRS.unpack(raw)
        self.mode, self.uid, self.gid, self.links, self.size = fields[:5]
        self.atime, self.mtime, self.ctime, self.inode = fields[5:]

    def key(self):
        """What must be the same as what lstat says."""
        return (self.mode, self.links, self.size, self.mtime, self.ctime, self.inode)


def key_of(st):
    """As ``Attrs.key``, of what this process sees."""
    return (st.st_mode, st.st_nlink, st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino)


class Refused(Exception):
    """The helper answered with an error."""


class Client:
    """Talks to a helper in a process of its own."""

    def __init__(self, root, greet=True):
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-X", "utf8", SOURCE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._last = 0
        self._lock = threading.Lock()
        self._answers = {}
        self.told = queue.Queue()  # every frame, in order
        self.magic = self.process.stdout.readline()
        threading.Thread(target=self._read, daemon=True).start()
        if greet:
            self.send(helper.HELLO, 0, struct.pack(">I", 1) + text(root))
            self.welcome = self.take(0)[0][1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process.stderr.close()

    def _queue(self, number):
        with self._lock:
            return self._answers.setdefault(number, queue.Queue())

    def _read(self):
        source = self.process.stdout
        try:
            while True:
                head = source.read(helper.HEAD.size)
                if len(head) < helper.HEAD.size:
                    break
                length, kind, number = helper.HEAD.unpack(head)
                assert length <= helper.FRAME_BYTES, length
                payload = source.read(length - 5)
                self.told.put((kind, number, payload))
                self._queue(number if kind not in (helper.NEWS, helper.FATAL) else -kind).put((kind, payload))
        except ValueError:
            pass  # closed by the test
        self.told.put(None)

    def send(self, kind, number, payload=b""):
        """Sends a frame."""
        self.process.stdin.write(helper.HEAD.pack(len(payload) + 5, kind, number) + payload)
        self.process.stdin.flush()

    def ask(self, kind, payload=b"", body=b""):
        """Asks, and gives the number of the request."""
        self._last += 1
        for start in range(0, len(body), 65536):
            piece = body[start : start + 65536]
            self.send(helper.BODY, self._last, struct.pack(">BI", 0, len(piece)) + piece)
        self.send(kind, self._last, payload)
        return self._last

    def take(self, number):
        """All frames of an answer."""
        frames = []
        while True:
            frame = self._queue(number).get(timeout=PATIENCE)
            frames.append(frame)
            if frame[0] != helper.CHUNK:
                return frames

    def answer(self, number):
        """What an answer's chunks hold, and its end; Refused for an error."""
        frames = self.take(number)
        kind, last = frames[-1]
        if kind == helper.ERROR:
            raise Refused(last[1 : 1 + last[0]].decode())
        return b"".join(opened(payload) for _, payload in frames[:-1]), last

    def snapshot(self, path="/", entries=100_000, depth=100, millis=20_000):
        """Listings by path, and whether all was sent."""
        number = self.ask(helper.SNAPSHOT, struct.pack(">III", entries, depth, millis) + text(path))
        raw, last = self.answer(number)
        return dict(listings(raw)), bool(last[0])

    def contents(self, paths, most=10_000_000):
        """Content, or the name of an error, of each path in order."""
        body = b"".join(text(path) for path in paths)
        raw, _ = self.answer(self.ask(helper.CONTENTS, struct.pack(">qI", most, len(paths)), body))
        return contents(raw)

    def change(self, payload, body=b""):
        """Makes a change: attributes after it, and links."""
        _, last = self.answer(self.ask(helper.CHANGE, payload, body))
        attrs = Attrs(last[1 : 1 + helper.ATTRS.size]) if last[0] else None
        return attrs, struct.unpack(">I", last[-4:])[0]

    def put(self, path, content, base=b"\0", permissions=0xFFFFFFFF, owner=b"\0", times=b"\0", temporary=None):
        """Puts a file."""
        temporary = temporary or os.path.dirname(path).rstrip("/") + "/.temporary"
        fields = text(path) + text(temporary) + base + struct.pack(">I", permissions) + owner + times
        return self.change(b"\1" + fields, content)

    def patch(self, path, base, pieces, temporary="/.temporary", permissions=0xFFFFFFFF, times=b"\0", digest=None):
        """Patches a file: pieces are bytes, or places and lengths in what is there as ``base`` says."""
        old = self.contents([path])[0]
        body = b"".join(piece for piece in pieces if isinstance(piece, bytes))
        whole = b"".join(p if isinstance(p, bytes) else old[p[0] : p[0] + p[1]] for p in pieces)
        fields = text(path) + text(temporary) + version_of(base) + struct.pack(">I", permissions) + times
        fields += digest or hashlib.sha256(whole).digest()
        fields += struct.pack(">I", len(pieces))
        for piece in pieces:
            if isinstance(piece, bytes):
                fields += struct.pack(">Bq", 2, len(piece))
            else:
                fields += struct.pack(">Bqq", 1, *piece)
        return self.change(b"\10" + fields, body)


def version_of(st):
    """What a patch has to find."""
    return struct.pack(">QqqQ", st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino)


def listings(raw):
    """Paths and listings of a snapshot: watched, and attributes by name."""
    at = 0
    while at < len(raw):
        assert raw[at] == helper.LISTING
        (length,) = struct.unpack_from(">H", raw, at + 1)
        path = os.fsdecode(raw[at + 3 : at + 3 + length])
        at += 3 + length
        watched, count = struct.unpack_from(">BI", raw, at)
        at += 5
        names = {}
        for _ in range(count):
            attrs = Attrs(raw[at : at + helper.ATTRS.size])
            at += helper.ATTRS.size
            (length,) = struct.unpack_from(">H", raw, at)
            names[os.fsdecode(raw[at + 2 : at + 2 + length])] = attrs
            at += 2 + length
        yield path, (bool(watched), names)


def contents(raw):
    """What a stream of contents holds: bytes, or the name of an error."""
    found, content, at = [], None, 0
    while at < len(raw):
        kind = raw[at]
        if kind == helper.FILE:
            content, size = b"", Attrs(raw[at + 5 : at + 61]).size
            at += 61
        elif kind == helper.PIECE:
            (length,) = struct.unpack_from(">I", raw, at + 1)
            content += raw[at + 5 : at + 5 + length]
            at += 5 + length
        elif kind == helper.END:
            assert raw[at + 1] or len(content) == size
            found.append("EAGAIN" if raw[at + 1] else content)
            at += 2
        else:
            length = raw[at + 5]
            found.append(raw[at + 6 : at + 6 + length].decode())
            at += 6 + length
    return found


def news(payload):
    """The records of a piece of news: kind, path, attributes."""
    raw, at, records = opened(payload), 0, []
    while at < len(raw):
        kind = raw[at]
        (length,) = struct.unpack_from(">H", raw, at + 1)
        path = os.fsdecode(raw[at + 3 : at + 3 + length])
        at += 3 + length
        attrs = None
        if kind == helper.IS_NOW:
            attrs = Attrs(raw[at : at + helper.ATTRS.size])
            at += helper.ATTRS.size
        records.append((kind, path, attrs))
    return records
