"""The supervisor of one command: it outlives the connection over which the command was started.

A *nursery* is started once by the helper and forks a supervisor for each command, so that a command
need not wait for a Python to start. A supervisor is a session of its own, keeps what the command
writes in bounded files below the directory of jobs, and answers frames over a socket there
(docs/AGENT.md, "Commands"). For a job whose supervisor has gone, another process of this program, the
*keeper*, answers the same frames from the files.

Runs on Python 3.8 and newer with nothing but the standard library. Threading: one thread.
"""

from __future__ import annotations

import array
import collections
import errno
import fcntl
import gc
import json
import os
import re
import select
import signal
import socket
import struct
import termios
import time
import zlib

CANCEL = 0x03
START, ATTACH, INPUT, SIGNAL, RESIZE, JOBS, REMOVE, GRANT, TYPE, SINCE = range(0x20, 0x2A)
DONE, ERROR, OUTPUT = 0x85, 0x86, 0x88
STDOUT, STDERR, GAP, STATE, MODES = 1, 2, 3, 4, 5

FRAME_BYTES = 256 * 1024
CHUNK_BYTES = 128 * 1024
PIECE_BYTES = 32 * 1024  # of output in one frame, so that other answers get between them
READ_BYTES = 64 * 1024  # from a pipe at once: what a pipe holds
BACKLOG_BYTES = 128 * 1024  # that wait for one connection before it gets no more output
QUEUE_BYTES = 1 << 20  # of input that the command has not read
WAITING_BYTES = 1 << 20  # of input that has no place in the queue yet
MEMORY_BYTES = 1 << 20  # of output that a full disk does not take
SPOOL_BYTES = 64 << 20
LEAST_SPOOL_BYTES = 64 * 1024
MOST_SPOOL_BYTES = 1 << 40
ABSENT_SECONDS = 30.0  # after which a reader that takes nothing holds the command back no longer
LINGER_SECONDS = 1.0  # after the end, for those who are connected
RETRY_SECONDS = 1.0  # between two tries to write to a full disk
UNSTORED_SECONDS = 3600.0  # for which output that no disk takes is kept after the end
KILL_SECONDS = 10.0  # after which a command that was told to end, as its time was up, is killed
TYPISTS = 256  # of one terminal whose place in what they type is remembered

HEAD = struct.Struct(">IBI")  # length of what follows, kind, request
CHUNK_HEAD = struct.Struct(">BI")
U16, U32, U64 = struct.Struct(">H"), struct.Struct(">I"), struct.Struct(">Q")
I64 = struct.Struct(">q")
ENDED = struct.Struct(">i")
WINDOW = struct.Struct("HHHH")

ID_DIGITS = frozenset(b"0123456789abcdef")
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FOREGROUND = {"INT", "QUIT", "TSTP", "WINCH"}  # what a terminal's keys and window send


def failure(number: int, words: str = "") -> OSError:
    """An error by its number."""
    return OSError(number, words or os.strerror(number))


def error_payload(error: OSError) -> bytes:
    """Name and words of an error."""
    name = errno.errorcode.get(error.errno or 0, "EIO").encode()
    return bytes((len(name),)) + name + (error.strerror or "").encode("utf-8", "replace")[:1024]


def first_line(path: str) -> str:
    """The first line of a small file; empty when there is none."""
    try:
        with open(path, encoding="ascii", errors="replace") as text:
            return text.readline(4096).strip()
    except OSError:
        return ""


def boot_id() -> str:
    """Which start of the machine this is."""
    return first_line("/proc/sys/kernel/random/boot_id")


def start_of(pid: int) -> int:
    """When a process started, in ticks since the machine did (proc(5)); 0 when there is none."""
    fields = first_line("/proc/%d/stat" % pid).rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 and fields[0] not in "ZX" else 0


def seconds_of(pid: int) -> float:
    """Seconds of processor of a process, and of its children that have ended (proc(5))."""
    fields = first_line("/proc/%d/stat" % pid).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") if len(fields) > 14 else 0.0


def is_id(name: bytes) -> bool:
    """Whether it is what a client may call a job."""
    return len(name) == 16 and ID_DIGITS.issuperset(name)


class Fields:
    """Reads the fields of a request one after the other; EINVAL when they are not there."""

    def __init__(self, payload: bytes):
        self._payload = payload
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        piece = self._payload[self._at : self._at + size]
        if len(piece) != size:
            raise failure(errno.EINVAL, "a request is shorter than it says")
        self._at += size
        return bytes(piece)

    def number(self, form: struct.Struct) -> int:
        """A number."""
        number: int = form.unpack(self.take(form.size))[0]
        return number

    def u8(self) -> int:
        """A number of 8 bits."""
        return self.take(1)[0]

    def text(self) -> bytes:
        """A short text."""
        return self._plain(self.number(U16))

    def long_text(self) -> bytes:
        """A text that may be long."""
        return self._plain(self.number(U32))

    def _plain(self, size: int) -> bytes:
        text = self.take(size)
        if b"\0" in text:
            raise failure(errno.EINVAL, "a text holds a NUL")
        return text

    def id(self) -> bytes:
        """The name of a job."""
        name = self.text()
        if not is_id(name):
            raise failure(errno.EINVAL, "a job is named by 16 hexadecimal digits")
        return name

    def chunk(self) -> bytes:
        """What a chunk holds."""
        compressed, length = CHUNK_HEAD.unpack(self.take(CHUNK_HEAD.size))
        raw = self.take(len(self._payload) - self._at)
        if compressed:
            try:
                raw = zlib.decompressobj().decompress(raw, CHUNK_BYTES + 1)
            except zlib.error:
                raise failure(errno.EINVAL, "a chunk that cannot be read") from None
        if len(raw) != length or length > CHUNK_BYTES:
            raise failure(errno.EINVAL, "a chunk of another length than it says")
        return raw

    def end(self) -> None:
        """There must be no more."""
        if self._at != len(self._payload):
            raise failure(errno.EINVAL, "a request is longer than it says")


class Start:
    """What a START asks for."""

    def __init__(self, payload: bytes):
        fields = Fields(payload)
        self.id = fields.id()
        flags = fields.u8()
        self.terminal, self.detached = bool(flags & 1), bool(flags & 2)
        self.rows, self.columns = fields.number(U16), fields.number(U16)
        self.term = fields.text()
        self.bound = max(LEAST_SPOOL_BYTES, min(MOST_SPOOL_BYTES, fields.number(U64) or SPOOL_BYTES))
        self.cwd = fields.text() or os.fsencode(os.path.expanduser("~"))
        self.env = []
        for _ in range(fields.number(U32)):
            name = fields.text()
            if not name or b"=" in name:
                raise failure(errno.EINVAL, "a variable cannot have that name")
            self.env.append((name, fields.long_text()))
        self.line = fields.long_text()
        self.shown = fields.long_text()
        self.seconds = fields.number(U64) / 1000 if flags & 4 else None
        fields.end()
        if not self.cwd.startswith(b"/"):
            raise failure(errno.EINVAL, "the working directory must be an absolute path")


def login_environment() -> dict[bytes, bytes]:
    """The environment as the login got it: without what Python adds to its own."""
    with open("/proc/self/environ", "rb") as source:
        pairs = (pair.partition(b"=") for pair in source.read().split(b"\0"))
        return {name: value for name, equals, value in pairs if name and equals and name != b"_"}


# ---------------------------------------------------------------------------------------------
# What is kept of the output


class Spool:
    """The newest bytes of one stream, in a file: a page of facts, then a ring.

    The facts are magic, ring's size, end of what is stored, and the gaps: what was dropped, or no
    disk took. Who reads them while they are written sees them of a moment before or after.
    """

    MAGIC = b"colabfsS"
    FACTS = struct.Struct(">8sQQI")
    PAIR = struct.Struct(">QQ")
    PAGE = 4096
    GAPS = 200  # beyond that what lies between the two oldest is dropped, too

    def __init__(self, fd: int, ring: int):
        self._fd = fd
        self._ring = ring
        self.step = max(4096, ring // 17)  # dropped at once, so that facts are seldom written twice
        self.stored = 0
        self.gaps: list[tuple[int, int]] = []
        self._unstored = bytearray()
        self.error = ""

    @classmethod
    def create(cls, directory: int, name: str, bound: int) -> Spool:
        """A new one that holds at least so many bytes."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        spool = cls(os.open(name, flags, 0o600, dir_fd=directory), bound + max(4096, bound // 16))
        spool._write_facts()
        return spool

    @classmethod
    def load(cls, directory: int, name: str) -> Spool:
        """One that somebody else writes or wrote; ESTALE when it cannot be understood."""
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        facts = os.pread(fd, cls.PAGE, 0)
        spool = cls(fd, 1)
        try:
            magic, spool._ring, spool.stored, count = cls.FACTS.unpack_from(facts)
            if magic != cls.MAGIC or count > cls.GAPS or spool._ring == 0:
                raise struct.error
            for index in range(count):
                spool.gaps.append(cls.PAIR.unpack_from(facts, cls.FACTS.size + index * cls.PAIR.size))
        except struct.error:
            os.close(fd)
            raise failure(errno.ESTALE, "a job's output cannot be read") from None
        return spool

    def close(self) -> None:
        """Closes the file."""
        os.close(self._fd)

    @property
    def end(self) -> int:
        """How many bytes have come."""
        return self.stored + len(self._unstored)

    @property
    def dropped(self) -> int:
        """How many of them are not there any more."""
        return sum(to - start for start, to in self.gaps)

    @property
    def is_stored(self) -> bool:
        """Whether all is on the disk."""
        return not self._unstored

    @property
    def is_removed(self) -> bool:
        """Whether nobody can find the file any more."""
        return os.fstat(self._fd).st_nlink == 0

    def room(self, needed: int | None) -> int:
        """How many bytes may come so that the one at an offset, and those behind, are kept."""
        if self.error:
            if needed is None:
                return READ_BYTES
            return MEMORY_BYTES - (self.end - max(needed, self.stored))
        return READ_BYTES if needed is None else self._ring - self.step - (self.end - needed)

    def append(self, content: bytes) -> None:
        """Adds bytes; the oldest may go for them."""
        self._unstored += content
        self.flush()
        excess = len(self._unstored) - MEMORY_BYTES
        if excess > 0:
            self._add_gap(self.stored, self.stored + excess)
            self.stored += excess
            del self._unstored[:excess]

    def flush(self) -> None:
        """Writes what is not on the disk yet, as far as the disk takes it."""
        try:
            while self._unstored:
                at = self.stored % self._ring
                piece = bytes(self._unstored[: min(self._ring - at, READ_BYTES)])
                self._make_room(len(piece))
                count = os.pwrite(self._fd, piece, self.PAGE + at)
                self.stored += count
                del self._unstored[:count]
                self._write_facts()
            self.error = ""
        except OSError as e:
            self.error = errno.errorcode.get(e.errno or 0, "EIO")

    def seal(self) -> None:
        """No more will come, and what is not on the disk will not be there."""
        if self._unstored:
            end = self.end
            self._add_gap(self.stored, end)
            self.stored = end
            self._unstored.clear()
        try:
            self._write_facts()
        except OSError:
            pass  # then the end is told as it was before

    def next(self, offset: int, most: int) -> bytes | int:
        """Bytes at an offset below the end, or the end of the gap that it lies in."""
        until = self.end
        for start, to in self.gaps:
            if start <= offset < to:
                return to
            if offset < start:
                until = min(until, start)
        if offset >= self.stored:
            at = offset - self.stored
            return bytes(self._unstored[at : at + min(most, until - offset)])
        at = offset % self._ring
        size = min(most, min(until, self.stored) - offset, self._ring - at)
        try:
            piece = os.pread(self._fd, size, self.PAGE + at)
        except OSError:
            piece = b""
        return piece or until  # what the disk does not give back is a gap

    def _make_room(self, size: int) -> None:
        kept = self.gaps[0][1] if self.gaps and self.gaps[0][0] == 0 else 0
        if self.stored + size - kept > self._ring:
            to = min(self.stored, self.stored + size - self._ring + self.step - 1)
            self._add_gap(0, to)
            self._write_facts()

    def _add_gap(self, start: int, to: int) -> None:
        merged: list[tuple[int, int]] = []
        for gap in sorted([*self.gaps, (start, to)]):
            if merged and gap[0] <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(gap[1], merged[-1][1]))
            else:
                merged.append(gap)
        if len(merged) > self.GAPS:
            merged[:2] = [(merged[0][0], merged[1][1])]
        self.gaps = merged

    def _write_facts(self) -> None:
        facts = self.FACTS.pack(self.MAGIC, self._ring, self.stored, len(self.gaps))
        os.pwrite(self._fd, facts + b"".join(self.PAIR.pack(*gap) for gap in self.gaps), 0)


class Times:
    """When output came: a file of entries, at most one in a span of time.

    An entry is a time, and how many bytes of each stream had come before it. When there are too many,
    every other one goes and the span doubles.
    """

    NAME = "times"
    HEAD = struct.Struct(">8sQ")  # magic, span in nanoseconds
    ENTRY = struct.Struct(">QQQ")
    MAGIC = b"colabfsT"
    SPAN_NS = 1_000_000_000
    MOST = 65_536

    def __init__(self, fd: int, span: int, count: int):
        self._fd = fd
        self._span = span
        self._count = count
        self._last = 0

    @classmethod
    def create(cls, directory: int) -> Times:
        """A new one."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        times = cls(os.open(cls.NAME, flags, 0o600, dir_fd=directory), cls.SPAN_NS, 0)
        os.pwrite(times._fd, cls.HEAD.pack(cls.MAGIC, cls.SPAN_NS), 0)
        return times

    @classmethod
    def load(cls, directory: int) -> Times:
        """That of a job whose supervisor has gone; ENOENT."""
        fd = os.open(cls.NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        head = os.pread(fd, cls.HEAD.size, 0)
        span = cls.HEAD.unpack(head)[1] if len(head) == cls.HEAD.size and head[:8] == cls.MAGIC else cls.SPAN_NS
        return cls(fd, span, max(0, os.fstat(fd).st_size - cls.HEAD.size) // cls.ENTRY.size)

    def note(self, now: int, ends: list[int]) -> None:
        """More output comes; a disk that does not take that is no harm."""
        if 0 <= now - self._last < self._span:
            return
        self._last = now
        try:
            if self._count >= self.MOST:
                self._thin()
            os.pwrite(self._fd, self.ENTRY.pack(now, *ends), self.HEAD.size + self._count * self.ENTRY.size)
            self._count += 1
        except OSError:
            pass

    def since(self, when: int) -> list[int] | None:
        """How many bytes had come before a time; none when nothing came after it."""
        for entry in self.ENTRY.iter_unpack(self._entries()):
            if entry[0] + self._span > when:
                return list(entry[1:])
        return None

    def _entries(self) -> bytes:
        raw = os.pread(self._fd, self._count * self.ENTRY.size, self.HEAD.size)
        return raw[: len(raw) - len(raw) % self.ENTRY.size]

    def _thin(self) -> None:
        kept = b"".join(self.ENTRY.pack(*entry) for entry in list(self.ENTRY.iter_unpack(self._entries()))[::2])
        self._span *= 2
        os.pwrite(self._fd, self.HEAD.pack(self.MAGIC, self._span) + kept, 0)
        self._count = len(kept) // self.ENTRY.size
        os.ftruncate(self._fd, self.HEAD.size + len(kept))


class Modes:
    """How a terminal was set by what was written to it, as far as a program does not repaint that."""

    SEQUENCE = re.compile(rb"\x1b(?:\[\?([0-9;]{1,40})([hl])|\[>4(?:;([0-9]))?m|([=>])|(c|\[!p))")
    LONGEST = 48
    MOST = 64
    SCREENS = (b"1049", b"1047", b"47")  # the other screen: told first, as it saves the cursor

    def __init__(self) -> None:
        self._set: dict[bytes, bool] = {}
        self._keypad = False
        self._keys = b"0"
        self._rest = b""

    def feed(self, content: bytes) -> None:
        """Sees what is written."""
        content = self._rest + content
        for numbers, on, keys, keypad, reset in self.SEQUENCE.findall(content):
            if numbers:
                for number in numbers.split(b";"):
                    if number in self._set or len(self._set) < self.MOST:
                        self._set[number] = on == b"h"
            elif keypad:
                self._keypad = keypad == b"="
            elif reset:
                self._set.clear()
                self._keypad, self._keys = False, b"0"
            else:
                self._keys = keys or b"0"
        at = content.rfind(b"\x1b", -self.LONGEST)
        self._rest = content[at:] if at >= 0 else b""

    def told(self) -> bytes:
        """What sets another terminal so."""
        numbers = sorted(self._set, key=lambda number: number not in self.SCREENS)
        told = b"".join(b"\x1b[?%s%s" % (n, b"h" if self._set[n] else b"l") for n in numbers if n)
        told += b"\x1b=" if self._keypad else b""
        return told + (b"\x1b[>4;%sm" % self._keys if self._keys != b"0" else b"")


# ---------------------------------------------------------------------------------------------
# A job's directory


class Record:
    """What is told of a job: job.json, which is always whole.

    It is as long as it will ever be from the start, so that a full disk takes its end.
    """

    NAME = "job.json"
    SLACK = 512

    def __init__(self, directory: int, facts: dict[str, object]):
        self.directory = directory
        self.facts = facts
        self._size = 0

    @classmethod
    def load(cls, directory: int) -> Record:
        """Reads it; ESTALE when it cannot be understood."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        with open(os.open(cls.NAME, flags, dir_fd=directory), "rb") as source:
            raw = source.read(1 << 21)
        try:
            facts = json.loads(raw)
            if not isinstance(facts, dict):
                raise ValueError
            return cls(directory, facts)
        except ValueError:
            raise failure(errno.ESTALE, "what is known of the job cannot be read") from None

    def write(self, **changed: object) -> None:
        """Writes it with changes."""
        self.facts.update(changed)
        text = json.dumps(self.facts, separators=(",", ":")).encode()
        self._size = max(self._size, len(text) + (0 if self._size else self.SLACK))
        text = text.ljust(self._size - 1) + b"\n"
        new = self.NAME + ".new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(new, flags, 0o600, dir_fd=self.directory), "wb") as out:
                out.write(text)
            os.rename(new, self.NAME, src_dir_fd=self.directory, dst_dir_fd=self.directory)
        except OSError:
            fd = os.open(self.NAME, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.directory)
            with open(fd, "wb", buffering=0) as out:
                out.write(text)

    def note(self, **changed: object) -> None:
        """As ``write``, but the command goes on when somebody removed the directory."""
        try:
            self.write(**changed)
        except OSError:
            pass  # those who are attached are told nevertheless

    @property
    def is_running(self) -> bool:
        """Whether the end has not been seen."""
        return self.facts.get("state") != "ended"

    def is_lost(self, boot: str) -> bool:
        """Whether nobody will see the end any more."""
        pid, start = self.facts.get("supervisor"), self.facts.get("supervisor_start")
        if not self.is_running:
            return False
        return self.facts.get("boot") != boot or not isinstance(pid, int) or start_of(pid) != start


def remove_job(jobs: int, name: str) -> None:
    """Removes a job's directory: at once for those who look, then in fact."""
    gone = ".%s.%d" % (name, os.getpid())
    os.rename(name, gone, src_dir_fd=jobs, dst_dir_fd=jobs)
    remove_remains(jobs, gone)


def remove_remains(jobs: int, name: str) -> None:
    """Removes a directory of plain files."""
    directory = os.open(name, DIRECTORY, dir_fd=jobs)
    try:
        for inside in os.listdir(directory):
            os.unlink(inside, dir_fd=directory)
    finally:
        os.close(directory)
    os.rmdir(name, dir_fd=jobs)


# ---------------------------------------------------------------------------------------------
# The command


class Command:
    """The command that is supervised: its processes, what it reads and what it writes."""

    def __init__(self, start: Start, umask: int):
        self.detached_input = start.detached and not start.terminal
        self.terminal = start.terminal
        self.status: tuple[int, str] | None = None  # exit code, name of a signal
        self.taken = 0  # bytes of input
        self.typed: dict[int, int] = {}  # bytes of those who type at the terminal, the latest last
        self.modes = Modes()
        self.queue = bytearray()
        self.input_ended = False
        self._umask = umask
        self._deadline = None if start.seconds is None else time.monotonic() + start.seconds
        self._ending = "TERM"  # what it gets when its time is up
        self._is_late = False
        cwd = os.open(start.cwd, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        ours, theirs = self._make_streams(start)
        self.pid = self._spawn(start, cwd, theirs)  # when it fails the process ends
        for fd in {cwd, *theirs}:
            os.close(fd)
        self.input, self.outputs = ours[0], ours[1:]
        for open_fd in ours:
            if open_fd is not None:
                os.set_blocking(open_fd, False)

    def _make_streams(self, start: Start) -> tuple[list[int | None], list[int]]:
        if start.terminal:
            master, slave = os.openpty()
            attributes = termios.tcgetattr(slave)
            attributes[0] |= 0o40000  # IUTF8: a character is erased whole
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
            self._master = master
            self.resize(start.rows, start.columns)
            return [master, master, None], [slave, slave, slave]
        out, err = os.pipe(), os.pipe()
        if self.detached_input:
            return [None, out[0], err[0]], [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), out[1], err[1]]
        source = os.pipe()
        return [source[1], out[0], err[0]], [source[0], out[1], err[1]]

    def _spawn(self, start: Start, cwd: int, streams: list[int]) -> int:
        env = login_environment()
        if start.terminal:
            env[b"TERM"] = start.term or b"dumb"
        env[b"PWD"] = start.cwd
        env.update(start.env)
        shell = os.fsdecode(env.get(b"SHELL", b""))
        if not os.access(shell, os.X_OK):
            shell = "/bin/sh"
        failed, failing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self._become(start, cwd, streams, shell, env)
            except OSError as e:
                os.write(failing, U32.pack(e.errno or errno.EIO))
            finally:
                os._exit(127)
        os.close(failing)
        said = os.read(failed, 4)
        os.close(failed)
        if said:
            os.waitpid(pid, 0)
            raise failure(U32.unpack(said)[0])
        return pid

    def _become(self, start: Start, cwd: int, streams: list[int], shell: str, env: dict[bytes, bytes]) -> None:
        os.setsid()
        if start.terminal:
            fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
        os.fchdir(cwd)
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.umask(self._umask)
        os.execve(shell, [os.path.basename(shell), "-c", os.fsdecode(start.line)], env)

    def reap(self) -> None:
        """Looks whether it has ended. It stays a zombie: so its number and its group stay its own."""
        if self.status is None:
            seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if seen is not None and seen.si_pid == self.pid:
                if self._is_late:
                    self.status = (124, "")  # as timeout(1)
                elif seen.si_code == os.CLD_EXITED:
                    self.status = (seen.si_status, "")
                else:
                    self.status = (128 + seen.si_status, signal_name(seen.si_status))

    def seconds_left(self) -> float | None:
        """Until something is to be done about its time."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def watch_time(self) -> None:
        """Ends it when its time is up; kills it when it does not end then."""
        if self._deadline is None or self._deadline > time.monotonic():
            return
        self._is_late = self._is_late or self.status is None
        for name in (self._ending, "CONT"):
            try:
                self.signal(name)
            except OSError:
                pass  # nobody is left
        self._deadline = None if self._ending == "KILL" else time.monotonic() + KILL_SECONDS
        self._ending = "KILL"

    @property
    def is_over(self) -> bool:
        """Whether it has ended and all it wrote was read."""
        return self.status is not None and self.outputs == [None, None]

    @property
    def is_draining(self) -> bool:
        """Whether it has ended, and only what its terminal holds is still to be read.

        Its end took the terminal from all others (a hangup), but a process that ignores that may
        keep it open for ever. A read that finds nothing then has flushed the kernel's queues.
        """
        return self.terminal and self.status is not None and self.outputs[0] is not None

    def read(self, stream: int, most: int) -> bytes:
        """What it wrote; nothing when there is nothing now or any more."""
        fd = self.outputs[stream]
        assert fd is not None
        try:
            content = os.read(fd, most)
        except BlockingIOError:
            if not self.is_draining:
                return b""
            content = b""
        except OSError:  # EIO: a terminal that nobody has open any more
            content = b""
        if not content:
            self.outputs[stream] = None
            if self.terminal:
                self.input = None
            os.close(fd)
        elif self.terminal:
            self.modes.feed(content)
        return content

    def took(self, waiting: Waiting, count: int) -> None:
        """So many more bytes came from there."""
        if waiting.typist is None:
            self.taken += count
            return
        self.typed[waiting.typist] = self.typed.pop(waiting.typist, 0) + count
        if len(self.typed) > TYPISTS:
            del self.typed[next(iter(self.typed))]

    def taken_from(self, waiting: Waiting) -> int:
        """How many bytes came from there."""
        return self.taken if waiting.typist is None else self.typed.get(waiting.typist, 0)

    def write(self) -> None:
        """Gives it from its input what it takes."""
        assert self.input is not None
        try:
            if self.queue:
                count = os.write(self.input, memoryview(self.queue)[:READ_BYTES])
                del self.queue[:count]
        except BlockingIOError:
            return
        except OSError:
            self.close_input()
        self.end_input()

    def end_input(self) -> None:
        """Tells it that there is no more, when all was taken."""
        if self.input_ended and not self.queue and self.input is not None:
            self.close_input()

    def take_end(self) -> None:
        """No input will come any more. A terminal's is ended by the key for it."""
        self.input_ended = True
        if self.terminal and self.input is not None:
            attributes = termios.tcgetattr(self.input)
            if attributes[3] & termios.ICANON:
                self.queue += attributes[6][termios.VEOF]

    def close_input(self) -> None:
        """Nobody will read any more."""
        self.queue.clear()
        if self.input is not None and not self.terminal:
            os.close(self.input)
        self.input = None

    def signal(self, name: str) -> None:
        """Sends a signal to its group; for what keys send, to that in the foreground."""
        number = getattr(signal, "SIG" + name, None) if name.isalnum() and name.isupper() else None
        if not isinstance(number, signal.Signals):
            raise failure(errno.EINVAL, "there is no signal of that name")
        groups = {self.pid}
        if self.terminal and self.outputs[0] is not None:
            foreground = os.tcgetpgrp(self._master)
            if foreground > 0:
                groups = {foreground} if name in FOREGROUND else {self.pid, foreground}
        error = None
        for group in groups:
            try:
                os.killpg(group, number)
            except OSError as e:
                error = e
        if error is not None:
            raise error

    def resize(self, rows: int, columns: int) -> None:
        """Gives its terminal another size."""
        if not self.terminal:
            raise failure(errno.ENOTTY)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, WINDOW.pack(rows, columns, 0, 0))


def signal_name(number: int) -> str:
    """The name of a signal without SIG."""
    try:
        return signal.Signals(number).name[3:]
    except ValueError:
        return "RT%d" % number


# ---------------------------------------------------------------------------------------------
# Those who ask


class Connection:
    """Frames from and to a helper. What it has not read yet waits here."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self.is_gone = False  # all that it said was read
        self._is_deaf = False
        self._incoming = bytearray()
        self._outgoing: collections.deque[bytes] = collections.deque()
        self.backlog = 0
        sock.setblocking(False)

    def receive(self) -> list[tuple[int, int, bytes]]:
        """What has come whole."""
        try:
            content = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            content = b""
        if not content:
            self.is_gone = True
        self._incoming += content
        frames = []
        while len(self._incoming) >= HEAD.size:
            length, kind, number = HEAD.unpack_from(self._incoming)
            if not 5 <= length <= FRAME_BYTES:
                self.is_gone = True
                break
            if len(self._incoming) < length + 4:
                break
            frames.append((kind, number, bytes(self._incoming[HEAD.size : length + 4])))
            del self._incoming[: length + 4]
        return frames

    def put(self, kind: int, number: int, payload: bytes = b"") -> None:
        """Sends a frame, now or later."""
        if self._is_deaf:
            return
        frame = HEAD.pack(len(payload) + 5, kind, number) + payload
        self._outgoing.append(frame)
        self.backlog += len(frame)

    def send(self) -> None:
        """Sends what there is room for."""
        try:
            while self._outgoing:
                frame = self._outgoing[0]
                count = self.sock.send(frame)
                self.backlog -= count
                if count == len(frame):
                    self._outgoing.popleft()
                else:
                    self._outgoing[0] = frame[count:]
        except BlockingIOError:
            pass
        except OSError:  # what it said before it went may still be there to be read
            self._is_deaf = True
            self._outgoing.clear()
            self.backlog = 0


class Attachment:
    """Somebody who gets the output of a job."""

    def __init__(self, connection: Connection, number: int, offsets: list[int], credit: int):
        self.connection = connection
        self.number = number
        self.at = offsets
        self.credit = credit
        self.served = time.monotonic()  # when it last had all, or got something
        self._uncompressed = 0  # pieces to send as they are, since the last one did not shrink

    def step(self, spools: list[Spool]) -> bool:
        """Sends the next piece of each stream; whether there was one."""
        sent = False
        for stream, spool in enumerate(spools):
            if self.at[stream] >= spool.end or self.credit <= 0 or self.connection.backlog >= BACKLOG_BYTES:
                continue
            piece = spool.next(self.at[stream], min(PIECE_BYTES, self.credit))
            if isinstance(piece, int):
                said = bytes((GAP, stream + 1)) + U64.pack(self.at[stream]) + U64.pack(piece)
                self.at[stream] = piece
            else:
                said = bytes((stream + 1,)) + U64.pack(self.at[stream]) + self._chunk(piece)
                self.at[stream] += len(piece)
                self.credit -= len(piece)
            self.connection.put(OUTPUT, self.number, said)
            sent = True
        if sent or self.has_all(spools):
            self.served = time.monotonic()
        return sent

    def has_all(self, spools: list[Spool]) -> bool:
        """Whether it has got all that there is."""
        return all(at >= spool.end for at, spool in zip(self.at, spools))

    def _chunk(self, piece: bytes) -> bytes:
        if self._uncompressed:
            self._uncompressed -= 1
        elif len(piece) > 256:
            small = zlib.compress(piece, 1)
            if len(small) < len(piece) * 0.95:
                return CHUNK_HEAD.pack(1, len(piece)) + small
            self._uncompressed = 8
        return CHUNK_HEAD.pack(0, len(piece)) + piece


class Waiting:
    """Input that has no place in the queue yet."""

    __slots__ = ("connection", "number", "typist", "offset", "is_end", "content")

    def __init__(self, connection: Connection, number: int, payload: bytes, is_typed: bool):
        self.connection = connection
        self.number = number
        fields = Fields(payload)
        fields.id()
        self.typist = fields.number(U64) if is_typed else None
        self.offset = fields.number(U64)
        self.is_end = not is_typed and bool(fields.u8())
        self.content = fields.chunk()


class Keeper:
    """Answers for a job of which there is nothing left but its files."""

    def __init__(self, jobs: int, record: Record, spools: list[Spool], lost: bool):
        self.jobs = jobs
        self.record = record
        self.spools = spools
        self.is_lost = lost
        self.connections: list[Connection] = []
        self.attachments: list[Attachment] = []
        self.listener: socket.socket | None = None
        self.removed = False
        self.times: Times | None = None
        self.active = time.monotonic()
        self._kinds = {
            START: self._start,
            ATTACH: self._attach,
            INPUT: self._input,
            SIGNAL: self._signal,
            RESIZE: self._resize,
            REMOVE: self._remove,
            TYPE: self._type,
            SINCE: self._since,
        }

    # What a supervisor knows better.

    @property
    def ended(self) -> bool:
        """Whether no output will come any more."""
        return True

    def outcome(self) -> bytes:
        """How it ended, as DONE says it; EOWNERDEAD when nobody knows."""
        if self.is_lost:
            raise failure(errno.EOWNERDEAD, "the supervisor of the job was killed; how it ended is not known")
        facts = self.record.facts
        name = str(facts.get("signal") or "").encode()
        code = facts.get("exit")
        head = ENDED.pack(code if isinstance(code, int) else -1) + U16.pack(len(name)) + name
        return head + b"".join(U64.pack(spool.end) for spool in self.spools)

    def input_taken(self) -> int:
        """How many bytes of input it has taken."""
        return 0

    def modes(self) -> bytes:
        """How its terminal is set."""
        return b""

    def step(self) -> None:
        """What is to be done between two waits."""

    def interests(self) -> dict[int, int]:
        """What else to wait for."""
        return {}

    def happened(self, fd: int, events: int) -> None:
        """Something of that has happened."""

    def pause(self) -> float | None:
        """Seconds after which to look again even when nothing happens."""
        return LINGER_SECONDS

    # For all.

    def serve(self) -> None:
        """Answers until nobody asks any more."""
        while not self._is_over():
            self._wait()
            self.step()
            while any([a.step(self.spools) for a in self.attachments]):
                pass
            self._finish()
            for connection in self.connections:
                connection.send()
            self._forget()

    def _is_over(self) -> bool:
        if not self.ended or self.attachments or any(c.backlog for c in self.connections):
            return False
        if self.removed:
            return True
        quiet = not self.connections or time.monotonic() - self.active > LINGER_SECONDS
        return quiet and self.may_go()

    def may_go(self) -> bool:
        """Whether the files have all."""
        return True

    def _wait(self) -> None:
        poll = select.poll()
        for fd, events in self.interests().items():
            poll.register(fd, events)
        if self.listener is not None:
            poll.register(self.listener, select.POLLIN)
        by_fd = {}
        for connection in self.connections:
            poll.register(connection.sock, select.POLLIN | (select.POLLOUT if connection.backlog else 0))
            by_fd[connection.sock.fileno()] = connection
        pause = self.pause()
        for fd, events in poll.poll(None if pause is None else max(0, pause) * 1000 + 1):
            if fd in by_fd:
                self._hear(by_fd[fd])
            elif self.listener is not None and fd == self.listener.fileno():
                self._accept()
            else:
                self.happened(fd, events)

    def _accept(self) -> None:
        assert self.listener is not None
        try:
            sock, _ = self.listener.accept()
        except OSError:
            return
        peer = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if peer[1] == os.geteuid():
            self.connections.append(Connection(sock))
        else:
            sock.close()

    def _hear(self, connection: Connection) -> None:
        for kind, number, payload in connection.receive():
            self.active = time.monotonic()
            self.take(connection, kind, number, payload)

    def take(self, connection: Connection, kind: int, number: int, payload: bytes) -> None:
        """Does what a frame asks for."""
        try:
            if kind == CANCEL:
                self._cancel(connection, number)
            elif kind == GRANT:
                self._grant(connection, payload)
            elif kind in self._kinds:
                self._kinds[kind](connection, number, payload)
            else:
                raise failure(errno.EOPNOTSUPP)
        except OSError as e:
            connection.put(ERROR, number, error_payload(e))

    def _cancel(self, connection: Connection, number: int) -> None:
        for attachment in self.attachments:
            if attachment.connection is connection and attachment.number == number:
                self.attachments.remove(attachment)
                connection.put(ERROR, number, error_payload(failure(errno.ECANCELED)))
                return

    def _grant(self, connection: Connection, payload: bytes) -> None:
        fields = Fields(payload)
        number, more = fields.number(U32), fields.number(U32)
        for attachment in self.attachments:
            if attachment.connection is connection and attachment.number == number:
                attachment.credit += more

    def _start(self, connection: Connection, number: int, payload: bytes) -> None:
        Start(payload)
        pid = self.record.facts.get("child")
        connection.put(DONE, number, ENDED.pack(pid if isinstance(pid, int) else 0))

    def _attach(self, connection: Connection, number: int, payload: bytes) -> None:
        fields = Fields(payload)
        fields.id()
        offsets = [fields.number(U64), fields.number(U64)]
        credit = fields.number(U32)
        fields.end()
        if any(offset > spool.end for offset, spool in zip(offsets, self.spools)):
            raise failure(errno.EINVAL, "there is not so much output")
        started = self.record.facts.get("started")
        state = bytes((STATE,)) + U64.pack(self.input_taken())
        state += b"".join(U64.pack(spool.end) for spool in self.spools)
        state += struct.pack(">q", started if isinstance(started, int) else 0)
        connection.put(OUTPUT, number, state)
        modes = self.modes()
        if modes:
            connection.put(OUTPUT, number, bytes((MODES,)) + modes)
        self.attachments.append(Attachment(connection, number, offsets, credit))

    def _since(self, connection: Connection, number: int, payload: bytes) -> None:
        fields = Fields(payload)
        fields.id()
        when = fields.number(I64)
        fields.end()
        try:
            times = self.times or Times.load(self.record.directory)
        except FileNotFoundError:  # a job of an earlier version
            found: list[int] | None = [0, 0]
        else:
            found = times.since(when if when >= 0 else time.time_ns() + when)
        found = found or [spool.end for spool in self.spools]
        connection.put(DONE, number, b"".join(map(U64.pack, found)))

    def _input(self, connection: Connection, number: int, payload: bytes) -> None:
        raise failure(errno.EPIPE)

    def _type(self, connection: Connection, number: int, payload: bytes) -> None:
        raise failure(errno.EPIPE)

    def _signal(self, connection: Connection, number: int, payload: bytes) -> None:
        raise failure(errno.ESRCH, "the job has ended")

    def _resize(self, connection: Connection, number: int, payload: bytes) -> None:
        raise failure(errno.ESRCH, "the job has ended")

    def _remove(self, connection: Connection, number: int, _: bytes) -> None:
        if not self.ended:
            raise failure(errno.EBUSY, "the job runs")
        if not self.removed:
            try:
                remove_job(self.jobs, str(self.record.facts["id"]))
            except FileNotFoundError:
                pass  # somebody else did
            self.removed = True
        connection.put(DONE, number)

    def _finish(self) -> None:
        for attachment in list(self.attachments):
            if self.ended and attachment.has_all(self.spools):
                self.attachments.remove(attachment)
                try:
                    attachment.connection.put(DONE, attachment.number, self.outcome())
                except OSError as e:
                    attachment.connection.put(ERROR, attachment.number, error_payload(e))

    def _forget(self) -> None:
        for connection in [c for c in self.connections if c.is_gone]:
            self.connections.remove(connection)
            self.attachments = [a for a in self.attachments if a.connection is not connection]
            connection.sock.close()


class Supervisor(Keeper):
    """Looks after a command that runs, and tells its end."""

    def __init__(self, jobs: int, record: Record, spools: list[Spool], listener: socket.socket):
        super().__init__(jobs, record, spools, False)
        self.listener = listener
        self.command: Command | None = None
        self._waiting: collections.deque[Waiting] = collections.deque()
        self._waiting_bytes = 0
        self._is_told = False
        self._is_attached = False
        self._ended_at = 0.0
        self._woken, waking = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    @property
    def ended(self) -> bool:
        """Whether the end was written down."""
        return self._is_told

    def input_taken(self) -> int:
        """How many bytes of input it has taken."""
        return self._command.taken

    def modes(self) -> bytes:
        """How its terminal is set."""
        return b"" if self.command is None else self.command.modes.told()

    @property
    def _command(self) -> Command:
        assert self.command is not None
        return self.command

    def interests(self) -> dict[int, int]:
        """The command's streams, and its end."""
        wanted = {self._woken: select.POLLIN}
        command = self._command
        for stream, fd in enumerate(command.outputs):
            if fd is not None and self._room(stream) > 0:
                wanted[fd] = select.POLLIN
        if command.input is not None and command.queue:
            wanted[command.input] = wanted.get(command.input, 0) | select.POLLOUT
        return wanted

    def happened(self, fd: int, events: int) -> None:
        """Moves what the command writes, and what it reads."""
        command = self._command
        if fd == self._woken:
            os.read(fd, 4096)
            return
        if fd == command.input and events & (select.POLLOUT | select.POLLERR | select.POLLHUP):
            command.write()
        for stream in range(2):
            if command.outputs[stream] == fd and events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._take_output(stream)

    def _take_output(self, stream: int) -> None:
        room = self._room(stream)
        if room > 0:
            content = self._command.read(stream, min(READ_BYTES, room))
            if content and self.times is not None:
                self.times.note(time.time_ns(), [spool.end for spool in self.spools])
            self.spools[stream].append(content)

    def _room(self, stream: int) -> int:
        """What may be read so that nobody who is here misses anything."""
        latest = time.monotonic() - ABSENT_SECONDS
        needed = [a.at[stream] for a in self.attachments if a.served > latest]
        return self.spools[stream].room(min(needed) if needed else None)

    def step(self) -> None:
        """Takes input, and sees the end."""
        command = self._command
        self._take_input()
        if not self._is_told:
            command.reap()
            if command.is_draining:
                self._take_output(0)
            if command.is_over:
                self._tell_end()
            else:
                command.watch_time()
                self._note_attached()
        for spool in self.spools:
            if not spool.is_stored:
                spool.flush()

    def pause(self) -> float | None:
        """When a disk may have room again, a reader is gone, or everybody is."""
        if self._is_told:
            return RETRY_SECONDS
        pauses = [pause for pause in (self._pause(), self._command.seconds_left()) if pause is not None]
        return min(pauses) if pauses else None

    def _note_attached(self) -> None:
        """For the list of jobs: whether somebody is at its terminal, or since when nobody is."""
        if self._command.terminal and self._is_attached != bool(self.attachments):
            self._is_attached = bool(self.attachments)
            self.record.note(attached=self._is_attached, left=None if self._is_attached else time.time_ns())

    def _pause(self) -> float | None:
        if self._command.is_draining and self._room(0) > 0:
            return 0
        held = any(fd is not None and self._room(n) <= 0 for n, fd in enumerate(self._command.outputs))
        return RETRY_SECONDS if held or not all(spool.is_stored for spool in self.spools) else None

    def may_go(self) -> bool:
        """Whether all is on the disk, or will never be."""
        if time.monotonic() - self._ended_at > UNSTORED_SECONDS:
            return True
        return all(spool.is_stored or spool.is_removed for spool in self.spools)

    def _tell_end(self) -> None:
        assert self._command.status is not None
        code, name = self._command.status
        self._command.close_input()
        self._is_told = True
        self.active = self._ended_at = time.monotonic()
        self.record.note(
            state="ended",
            exit=code,
            signal=name,
            ended=time.time_ns(),
            cpu=seconds_of(self._command.pid),
            stdout=self.spools[0].end,
            stderr=self.spools[1].end,
            dropped=sum(spool.dropped for spool in self.spools),
            spool_error=self.spools[0].error or self.spools[1].error,
        )

    def _input(self, connection: Connection, number: int, payload: bytes) -> None:
        self._queue(connection, number, payload, False)

    def _type(self, connection: Connection, number: int, payload: bytes) -> None:
        if not self._command.terminal:
            raise failure(errno.ENOTTY)
        self._queue(connection, number, payload, True)

    def _queue(self, connection: Connection, number: int, payload: bytes, is_typed: bool) -> None:
        waiting = Waiting(connection, number, payload, is_typed)
        if self._waiting_bytes + len(waiting.content) > WAITING_BYTES:
            raise failure(errno.EAGAIN, "more input than was answered")
        self._waiting.append(waiting)
        self._waiting_bytes += len(waiting.content)
        self._take_input()

    def _take_input(self) -> None:
        command = self._command
        while self._waiting and len(command.queue) < QUEUE_BYTES:
            waiting = self._waiting.popleft()
            self._waiting_bytes -= len(waiting.content)
            try:
                self._take_one(command, waiting)
                waiting.connection.put(DONE, waiting.number, U64.pack(command.taken_from(waiting)))
            except OSError as e:
                waiting.connection.put(ERROR, waiting.number, error_payload(e))

    @staticmethod
    def _take_one(command: Command, waiting: Waiting) -> None:
        taken = command.taken_from(waiting)
        if waiting.offset > taken:
            raise failure(errno.EINVAL, "input is missing before this")
        fresh = waiting.content[taken - waiting.offset :]
        is_new = bool(fresh) or (waiting.is_end and not command.input_ended)
        has_ended = command.input_ended and waiting.typist is None
        if is_new and (command.input is None or has_ended):
            raise failure(errno.EPIPE)
        command.took(waiting, len(fresh))
        command.queue += fresh
        if waiting.is_end and is_new:
            command.take_end()
        command.end_input()

    def _signal(self, connection: Connection, number: int, payload: bytes) -> None:
        fields = Fields(payload)
        fields.id()
        name = fields.text().decode("ascii", "replace")
        fields.end()
        if self._is_told:
            raise failure(errno.ESRCH, "the job has ended")
        self._command.signal(name)
        connection.put(DONE, number)

    def _resize(self, connection: Connection, number: int, payload: bytes) -> None:
        fields = Fields(payload)
        fields.id()
        rows, columns = fields.number(U16), fields.number(U16)
        fields.end()
        if self._is_told or self._command.outputs[0] is None:
            raise failure(errno.ESRCH, "the job has ended")
        self._command.resize(rows, columns)
        connection.put(DONE, number)


# ---------------------------------------------------------------------------------------------
# How it comes to be


def supervise(jobs: int, connection: Connection, umask: int) -> None:
    """Starts the command that the first frame asks for, and stays with it."""
    number, payload = await_start(connection)
    try:
        start = Start(payload)
        supervisor = prepare(jobs, start)
        name = os.fsdecode(start.id)
        try:
            supervisor.command = Command(start, umask)
        except BaseException:
            remove_job(jobs, name)
            raise
        supervisor.record.note(child=supervisor.command.pid)
    except OSError as e:
        connection.sock.setblocking(True)
        connection.put(ERROR, number, error_payload(e))
        connection.send()
        return
    connection.put(DONE, number, ENDED.pack(supervisor.command.pid))
    connection.send()
    serve(supervisor, connection)


def await_start(connection: Connection) -> tuple[int, bytes]:
    """The first frame; what has come behind it is left for later."""
    sock = connection.sock
    sock.setblocking(True)
    head = sock.recv(HEAD.size, socket.MSG_WAITALL)
    length, kind, number = HEAD.unpack(head)
    payload = sock.recv(length - 5, socket.MSG_WAITALL)
    sock.setblocking(False)
    if kind != START or len(payload) != length - 5:
        raise EOFError
    return number, payload


def prepare(jobs: int, start: Start) -> Supervisor:
    """Makes the job's directory, whole from the moment on at which it has its name; EEXIST."""
    name = os.fsdecode(start.id)
    making = ".%s.%d" % (name, os.getpid())
    os.mkdir(making, 0o700, dir_fd=jobs)
    try:
        directory = os.open(making, DIRECTORY, dir_fd=jobs)
        record = Record(
            directory,
            {
                "id": name,
                "command": start.shown.decode("utf-8", "replace"),
                "cwd": start.cwd.decode("utf-8", "replace"),
                "started": time.time_ns(),
                "terminal": start.terminal,
                "detached": start.detached,
                "supervisor": os.getpid(),
                "supervisor_start": start_of(os.getpid()),
                "boot": boot_id(),
                "child": None,
                "state": "running",
                "exit": None,
                "signal": None,
                "ended": None,
                "cpu": 0.0,
                "stdout": 0,
                "stderr": 0,
                "dropped": 0,
                "spool_error": "",
                "attached": False,
                "left": None,
            },
        )
        record.write()
        spools = [Spool.create(directory, stream, start.bound) for stream in ("out", "err")]
        times = Times.create(directory)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind("/proc/self/fd/%d/control" % directory)
        listener.listen(64)
        listener.setblocking(False)
        os.rename(making, name, src_dir_fd=jobs, dst_dir_fd=jobs)
    except OSError as e:
        remove_remains(jobs, making)
        raise failure(errno.EEXIST) if e.errno == errno.ENOTEMPTY else e
    supervisor = Supervisor(jobs, record, spools, listener)
    supervisor.times = times
    return supervisor


def keep(jobs: int, name: str, connection: Connection) -> None:
    """Answers for a job whose supervisor has gone; ends at once when there is one, or no such job."""
    try:
        directory = os.open(name, DIRECTORY, dir_fd=jobs)
        record = Record.load(directory)
        lost = record.is_lost(boot_id())
        if record.is_running and not lost:
            return
        spools = [Spool.load(directory, stream) for stream in ("out", "err")]
    except OSError:
        return
    serve(Keeper(jobs, record, spools, lost), connection)


def serve(keeper: Keeper, connection: Connection) -> None:
    """Serves, and leaves the files whole."""
    keeper.connections.append(connection)
    keeper.serve()
    if isinstance(keeper, Supervisor):
        for spool in keeper.spools:
            spool.seal()
        if not keeper.removed:
            try:
                os.unlink("control", dir_fd=keeper.record.directory)
            except OSError:
                pass


def rear(nursery: socket.socket) -> None:
    """Forks a supervisor for each message, until the helper has gone. The nursery's whole life."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for supervisors
    umask = os.umask(0o077)
    gc.freeze()
    while True:
        fds = array.array("i")
        content, ancillary, _, _ = nursery.recvmsg(64, socket.CMSG_SPACE(2 * fds.itemsize))
        if not content:
            return
        for level, kind, piece in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(piece)
        try:
            child = os.fork()
        except OSError:
            child = -1  # the helper sees the end of the connection
        if child == 0:
            nursery.close()
            live(os.fsdecode(content), fds[0], fds[1], umask)
        for fd in fds:
            os.close(fd)


def live(name: str, jobs: int, fd: int, umask: int) -> None:
    """The life of one process for a job."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open("/dev/null", os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        if null > 2:
            os.close(null)
        for inherited in (jobs, fd):
            os.set_inheritable(inherited, False)
        connection = Connection(socket.socket(fileno=fd))
        if name == "start":
            supervise(jobs, connection, umask)
        else:
            keep(jobs, name, connection)
        status = 0
    finally:
        os._exit(status)
