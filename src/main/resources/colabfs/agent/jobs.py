"""The helper's part of commands that outlive a connection: it finds their supervisors, and passes
frames between them and the client. docs/AGENT.md, "Commands".

A frame that names a job goes to the job's supervisor as it came, and what the supervisor says goes to
the client. What is done here: the directory of jobs, the nursery of supervisors, the list of jobs.

Threading: ``take`` and ``cancel`` are called by the thread that reads requests, all else happens in
the thread that runs ``run``.
"""

from __future__ import annotations

import array
import collections
import errno
import json
import os
import re
import select
import socket
import stat
import sys
import time
import zlib

import supervisor
from supervisor import DIRECTORY, Connection, Fields, Record, Spool, error_payload, failure

KINDS = frozenset(range(supervisor.START, supervisor.SINCE + 1))
CHUNK = 0x84

TRIES = 12  # to reach a supervisor that comes or goes just now
RETRY_SECONDS = 0.03
UNSENT_BYTES = 8 << 20  # of requests that a supervisor does not read
LAST_LINE_BYTES = 4096
LAST_LINE_CHARACTERS = 200
NURSERY_SECONDS = 10.0  # in which the nursery takes a message
NURSERY_LINE = (
    "import socket,zlib;s=socket.socket(fileno=0);"
    'exec(compile(zlib.decompress(s.recv(1<<18)),"colabfs-supervisor","exec"));rear(s)'
)
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def state_home() -> bytes:
    """Where programs of the login keep what is to last (XDG base directories)."""
    told = os.environb.get(b"XDG_STATE_HOME", b"")
    return told if told.startswith(b"/") else os.path.join(os.fsencode(os.path.expanduser("~")), b".local/state")


def open_jobs(create: bool) -> int:
    """Opens the directory of jobs; EPERM when it is not the login's alone."""
    base = state_home()
    if create:
        os.makedirs(base, 0o700, exist_ok=True)
    fd = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    path = base
    for name in (b"colabfs", b"jobs"):
        path = os.path.join(path, name)
        try:
            deeper = open_own(fd, name, create, path, 0o077 if name == b"jobs" else 0o022)
        finally:
            os.close(fd)
        fd = deeper
    return fd


def open_own(parent: int, name: bytes, create: bool, path: bytes, forbidden: int) -> int:
    """Opens a directory that is no link, where others may not do what is forbidden."""
    if create:
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            pass
    shown = path.decode("utf-8", "replace")
    try:
        fd = os.open(name, DIRECTORY, dir_fd=parent)
    except OSError as e:
        if e.errno in (errno.ENOTDIR, errno.ELOOP):
            raise failure(errno.EPERM, "%s is not a directory; move it away" % shown) from None
        raise
    st = os.fstat(fd)
    if st.st_uid != os.geteuid() or st.st_mode & forbidden:
        os.close(fd)
        words = "%s can be used by others; make it yours alone (chmod 700), or move it away" % shown
        raise failure(errno.EPERM, words)
    return fd


def exists(jobs: int, name: str) -> bool:
    """Whether there is a job of that name."""
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=jobs, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


class Nursery:
    """The process that forks supervisors. It ends when the helper does; they do not."""

    def __init__(self, source: bytes):
        self._program = zlib.compress(source, 9)
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Starts it, so that it is there when it is needed."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(NURSERY_SECONDS)
        actions = [
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 0),
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
        ]
        arguments = ["python3", "-I", "-S", "-X", "utf8", "-c", NURSERY_LINE]
        env = supervisor.login_environment()
        os.posix_spawn(sys.executable or "/proc/self/exe", arguments, env, file_actions=actions)
        theirs.close()
        ours.send(self._program)
        self._socket = ours

    def ask(self, what: str, jobs: int) -> socket.socket:
        """A process for a job, or one that waits for START; the connection with it."""
        ours, theirs = socket.socketpair()
        try:
            try:
                self._send(what, jobs, theirs.fileno())
            except OSError:  # it was killed
                self._socket = None
                self._send(what, jobs, theirs.fileno())
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours

    def _send(self, what: str, jobs: int, fd: int) -> None:
        if self._socket is None:
            self.start()
        assert self._socket is not None
        fds = array.array("i", [jobs, fd])
        self._socket.sendmsg([what.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])


class Asked:
    """A request that is not answered."""

    __slots__ = ("kind", "number", "payload", "line", "begun", "tries")

    def __init__(self, kind: int, number: int, payload: bytes):
        self.kind = kind
        self.number = number
        self.payload = payload
        self.line: Line | None = None  # where it was sent
        self.begun = False  # a part of the answer was sent on
        self.tries = 0


class Line:
    """The connection with one job's supervisor."""

    def __init__(self, job: bytes, connection: Connection):
        self.job = job
        self.connection = connection
        self.asked: dict[int, Asked] = {}


class Jobs:
    """Commands that outlive the connection, as the helper sees them."""

    def __init__(self, wire, source: bytes, caught_up):
        """caught_up calls what it is given when all news until now have been told, on any thread."""
        self._wire = wire
        self._caught_up = caught_up
        self._nursery = Nursery(source)
        self._inbox: collections.deque[tuple[int, int, bytes]] = collections.deque()
        self._numbers: set[int] = set()
        self._asked: dict[int, Asked] = {}
        self._lines: dict[bytes, Line] = {}
        self._later: list[tuple[float, Asked]] = []
        self._starved = False
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._waking, False)
        wire.drained = self._has_room

    # Called by others.

    def count(self) -> int:
        """How many requests are not answered."""
        return len(self._numbers)

    def has(self, number: int) -> bool:
        """Whether that request is not answered."""
        return number in self._numbers

    def take(self, kind: int, number: int, payload: bytes) -> None:
        """Takes a frame over."""
        if kind not in (supervisor.GRANT, supervisor.CANCEL):
            self._numbers.add(number)
        self._inbox.append((kind, number, payload))
        self._wake()

    def _has_room(self) -> None:
        if self._starved:
            self._wake()

    def _wake(self) -> None:
        try:
            os.write(self._waking, b"\0")
        except BlockingIOError:
            pass  # it is going to wake up anyway

    # The thread's own.

    def run(self) -> None:
        """Passes frames on, for ever."""
        try:
            self._nursery.start()
        except OSError:
            pass  # it is tried again when a command is started
        self._remove_remains()
        while True:
            self._wait()
            while self._inbox:
                self._carry_out(*self._inbox.popleft())
            now = time.monotonic()
            due = [asked for when, asked in self._later if when <= now]
            self._later = [(when, asked) for when, asked in self._later if when > now]
            for asked in due:
                self._pass_on(asked)
            for line in list(self._lines.values()):
                line.connection.send()
                if line.connection.is_gone:
                    self._hang_up(line)

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        by_fd = {}
        room = self._wire.has_room()
        self._starved = not room and bool(self._lines)
        if self._starved and self._wire.has_room():  # it came between the two looks
            room, self._starved = True, False
        for line in self._lines.values():
            events = (select.POLLIN if room else 0) | (select.POLLOUT if line.connection.backlog else 0)
            if events:
                poll.register(line.connection.sock, events)
                by_fd[line.connection.sock.fileno()] = line
        pause = max(0.0, min(when for when, _ in self._later) - time.monotonic()) if self._later else None
        for fd, events in poll.poll(None if pause is None else pause * 1000 + 1):
            if fd == self._woken:
                os.read(fd, 4096)
            elif events & ~select.POLLOUT and self._wire.has_room():
                self._hear(by_fd[fd])

    def _hear(self, line: Line) -> None:
        for kind, number, payload in line.connection.receive():
            asked = line.asked.get(number)
            if asked is None:
                continue
            if kind == supervisor.OUTPUT:
                asked.begun = True
                self._wire.put(kind, number, payload)
            elif kind == supervisor.ERROR and asked.kind == supervisor.START and payload[1:7] == b"EEXIST":
                del line.asked[number]
                self._again(asked)
            elif kind == supervisor.DONE and asked.kind == supervisor.ATTACH:
                self._end(asked, payload)
            else:
                self._answer(asked, kind, payload)

    def _end(self, asked: Asked, payload: bytes) -> None:
        """A command has ended: what it changed is told before that is."""
        line = asked.line
        assert line is not None
        line.asked.pop(asked.number, None)
        self._asked.pop(asked.number, None)

        def tell() -> None:
            self._numbers.discard(asked.number)
            self._wire.put(supervisor.DONE, asked.number, payload)

        self._caught_up(tell)

    def _answer(self, asked: Asked, kind: int, payload: bytes) -> None:
        if asked.line is not None:
            asked.line.asked.pop(asked.number, None)
        self._asked.pop(asked.number, None)
        self._numbers.discard(asked.number)
        self._wire.put(kind, asked.number, payload)

    def _refuse(self, asked: Asked, error: OSError) -> None:
        self._answer(asked, supervisor.ERROR, error_payload(error))

    def _hang_up(self, line: Line) -> None:
        """A supervisor has gone: what it has not begun to answer is asked elsewhere."""
        if self._lines.get(line.job) is line:
            del self._lines[line.job]
        line.connection.sock.close()
        for asked in list(line.asked.values()):
            if asked.begun:
                self._refuse(asked, failure(errno.EAGAIN, "the supervisor went; attach again"))
            else:
                del line.asked[asked.number]
                self._again(asked)

    def _again(self, asked: Asked) -> None:
        asked.line = None
        asked.tries += 1
        if asked.tries > TRIES:
            self._refuse(asked, failure(errno.EIO, "the job's supervisor cannot be reached"))
        else:
            pause = RETRY_SECONDS if asked.tries > 1 else 0
            self._later.append((time.monotonic() + pause, asked))

    def _carry_out(self, kind: int, number: int, payload: bytes) -> None:
        if kind == supervisor.CANCEL:
            self._cancel(number)
        elif kind == supervisor.GRANT:
            self._grant(payload)
        else:
            asked = self._asked[number] = Asked(kind, number, payload)
            if kind == supervisor.JOBS:
                self._list(asked)
            else:
                self._pass_on(asked)

    def _cancel(self, number: int) -> None:
        asked = self._asked.get(number)
        if asked is None or asked.kind != supervisor.ATTACH:
            return
        if asked.line is None:  # it waits for a supervisor
            self._later = [(when, other) for when, other in self._later if other is not asked]
            self._refuse(asked, failure(errno.ECANCELED))
        else:
            asked.line.connection.put(supervisor.CANCEL, number)

    def _grant(self, payload: bytes) -> None:
        number = int.from_bytes(payload[:4], "big")
        asked = self._asked.get(number)
        if asked is not None and asked.line is not None:
            asked.line.connection.put(supervisor.GRANT, 0, payload)

    def _pass_on(self, asked: Asked) -> None:
        try:
            job = Fields(asked.payload).id()
            line = self._lines.get(job)
            if line is None:
                line = self._lines[job] = Line(job, self._connect(job, asked.kind == supervisor.START))
        except BlockingIOError:
            self._again(asked)
            return
        except OSError as e:
            self._refuse(asked, e)
            return
        if line.connection.backlog > UNSENT_BYTES:
            self._refuse(asked, failure(errno.EAGAIN, "the job's supervisor does not read what it is sent"))
            return
        line.asked[asked.number] = asked
        asked.line = line
        line.connection.put(asked.kind, asked.number, asked.payload)

    def _connect(self, job: bytes, starts: bool) -> Connection:
        name = os.fsdecode(job)
        try:
            jobs = open_jobs(create=starts)
        except FileNotFoundError:
            raise failure(errno.ESRCH, "there is no such job") from None
        try:
            if not exists(jobs, name):
                if not starts:
                    raise failure(errno.ESRCH, "there is no such job")
                return Connection(self._nursery.ask("start", jobs))
            sock = reach(jobs, name)
            return Connection(self._nursery.ask(name, jobs) if sock is None else sock)
        finally:
            os.close(jobs)

    # What there is.

    def _list(self, asked: Asked) -> None:
        try:
            jobs = open_jobs(create=False)
        except FileNotFoundError:
            told: list[dict[str, object]] = []
        except OSError as e:
            self._refuse(asked, e)
            return
        else:
            try:
                told = listing(jobs)
            finally:
                os.close(jobs)
        text = json.dumps(told, separators=(",", ":")).encode()
        for start in range(0, len(text), supervisor.CHUNK_BYTES):
            piece = text[start : start + supervisor.CHUNK_BYTES]
            packed = zlib.compress(piece, 1)
            self._wire.put(CHUNK, asked.number, supervisor.CHUNK_HEAD.pack(1, len(piece)) + packed)
        self._answer(asked, supervisor.DONE, b"")

    @staticmethod
    def _remove_remains() -> None:
        """What was begun, or removed, when its process was killed."""
        try:
            jobs = open_jobs(create=False)
        except OSError:
            return
        for name in os.listdir(jobs):
            pid = name.rpartition(".")[2]
            if name.startswith(".") and pid.isdigit() and supervisor.start_of(int(pid)) == 0:
                try:
                    supervisor.remove_remains(jobs, name)
                except OSError:
                    pass  # somebody else does, or it is none of ours
        os.close(jobs)


def reach(jobs: int, name: str) -> socket.socket | None:
    """A connection with a job's own supervisor; none when it has gone. BlockingIOError: not now."""
    directory = os.open(name, DIRECTORY, dir_fd=jobs)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect("/proc/self/fd/%d/control" % directory)
        return sock
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    except OSError:
        sock.close()
        raise
    finally:
        os.close(directory)


def listing(jobs: int) -> list[dict[str, object]]:
    """What is told of all jobs, oldest first."""
    told = []
    boot = supervisor.boot_id()
    seconds = cpu_seconds()
    for name in os.listdir(jobs):
        if supervisor.is_id(os.fsencode(name)):
            try:
                told.append(describe(jobs, name, boot, seconds))
            except OSError:
                continue  # it went meanwhile, or is none of ours
    return sorted(told, key=lambda job: (str(job["started"]), str(job["id"])))


def describe(jobs: int, name: str, boot: str, seconds: dict[int, float]) -> dict[str, object]:
    """What is told of one."""
    directory = os.open(name, DIRECTORY, dir_fd=jobs)
    try:
        record = Record.load(directory)
        job = dict(record.facts)
        lost = record.is_lost(boot)
        child = job.get("child")
        spools = [Spool.load(directory, stream) for stream in ("out", "err")]
        if record.is_running:
            job["stdout"], job["stderr"] = spools[0].end, spools[1].end
            job["dropped"] = sum(spool.dropped for spool in spools)
        newest = max(zip(("out", "err"), spools), key=lambda s: (s[1].end > 0, changed(directory, s[0])))[1]
        last = last_line(newest)
        for spool in spools:
            spool.close()
    finally:
        os.close(directory)
    alive = record.is_running and job.get("boot") == boot and isinstance(child, int)
    if alive:
        job["cpu"] = round(seconds.get(child, 0.0), 2)
    job.update(id=name, lost=lost, last=last)
    for internal in ("boot", "supervisor_start"):
        job.pop(internal, None)
    return job


def changed(directory: int, name: str) -> int:
    """When a file was last written."""
    return os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime_ns


def last_line(spool: Spool) -> str:
    """The last line that is not empty, as far as it can be shown."""
    content, at = b"", max(0, spool.end - LAST_LINE_BYTES)
    while at < spool.end:
        piece = spool.next(at, LAST_LINE_BYTES)
        if isinstance(piece, int):
            content, at = b"", piece
        else:
            content += piece
            at += len(piece)
    for line in reversed(re.split("[\r\n]", content.decode("utf-8", "replace"))):
        shown = ESCAPES.sub("", line).strip()
        if shown:
            return shown[:LAST_LINE_CHARACTERS]
    return ""


def cpu_seconds() -> dict[int, float]:
    """Seconds of processor of all sessions (proc(5)), with those of children that have ended."""
    sums: dict[int, float] = collections.defaultdict(float)
    tick = os.sysconf("SC_CLK_TCK")
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = supervisor.first_line("/proc/%s/stat" % name).rpartition(")")[2].split()
            if len(fields) > 14:
                sums[int(fields[3])] += sum(map(int, fields[11:15])) / tick
    return sums
