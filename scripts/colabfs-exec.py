"""Runs `colabfs exec` through a mount that is there, without starting Java.

    colabfs-exec.py LAUNCHER ARGUMENT...

It knows nothing of options, profiles and paths: the mount's process reads the arguments as the
`colabfs` command does, and answers with the request that the command would send. Whatever is not the
usual case (nothing mounted, a mistake, an option for people) is left to LAUNCHER, in place of this
process and with COLABFS_CLIENT=java, before anything is begun. The frames are those of
colabfs.control (FrameType.java).

Only modules that are part of the interpreter are imported at the start: each other one costs
milliseconds. Python 3.5 or newer.
"""

import _signal
import _socket
import os
import select
import stat
import sys

VERSION = 1
REQUEST, STDIN, STDIN_EOF, SIGNAL, STDOUT, STDERR, EXIT = 1, 2, 3, 4, 5, 6, 7
PROGRESS, RESULT, ERROR, STDIN_ROOM = 8, 9, 10, 11
MOST_BYTES = 1 << 20  # of a frame
PIECE_BYTES = 32 << 10
PATIENCE_SECONDS = 2.0  # for an answer that needs nobody else
FAILED = 255
BROKEN_PIPE = 128 + 13
ENDED = "the mount ended while the command ran; see: colabfs status"


class NotUsual(Exception):
    """The launcher is to do it."""


class Gone(Exception):
    """The mount's process is gone."""


def runtime_directory(environment):
    """Where the sockets are: as control.RuntimeDirectory, but for making it."""
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    state = environment.get("XDG_STATE_HOME", "")
    if runtime.startswith("/") and os.path.isdir(runtime):
        place = runtime.rstrip("/") + "/colabfs"
    elif state.startswith("/"):
        place = state.rstrip("/") + "/colabfs/run"
    else:
        import pwd

        place = pwd.getpwuid(os.getuid()).pw_dir + "/.local/state/colabfs/run"
    if len(os.fsencode(place)) > 88:
        place = "/tmp/colabfs-%d" % os.getuid()
    found = os.lstat(place)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o777 != 0o700:
        raise NotUsual
    return place


def sockets(directory, here):
    """Of all mounts, the one that is probably meant first."""
    names = [name for name in os.listdir(directory) if name.endswith(".sock")]
    if len(names) < 2:
        return names
    import json

    def depth(name):
        try:
            with open(os.path.join(directory, name[:-5] + ".json"), encoding="utf-8") as text:
                mountpoint = json.load(text)["mountpoint"]
        except (OSError, ValueError, KeyError):
            return 0
        return len(mountpoint) if (here + "/").startswith(mountpoint.rstrip("/") + "/") else 0

    return sorted(names, key=depth, reverse=True)


class Channel:
    """Frames over the socket of a mount's process: u8 type, u32 length, payload."""

    def __init__(self, path):
        found = os.lstat(path)
        if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
            raise NotUsual
        self.sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self.sock.connect(path)
        self._busy = False
        self._waiting = []

    def send(self, kind, payload=b""):
        """Sends a frame; from a signal's handler, behind the one that is being sent."""
        self._waiting.append(bytes((kind,)) + len(payload).to_bytes(4, "big") + payload)
        while self._waiting and not self._busy:
            self._busy = True
            try:
                while self._waiting:
                    self.sock.sendall(self._waiting.pop(0))
            finally:
                self._busy = False

    def receive(self):
        """The next frame."""
        head = self._read(5)
        length = int.from_bytes(head[1:], "big")
        if length > MOST_BYTES:
            raise Gone
        return head[0], self._read(length)

    def _read(self, count):
        pieces = []
        while count:
            piece = self.sock.recv(count)
            if not piece:
                raise Gone
            pieces.append(piece)
            count -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def quoted(text):
    """A text for JSON."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else "\\u%04x" % ord(c) for c in plain) + '"'


def question(arguments, here, environment):
    """What the mount's process is asked: what the arguments mean."""
    fields = (
        ("version", str(VERSION)),
        ("command", quoted("plan")),
        ("arguments", "[%s]" % ",".join(map(quoted, arguments))),
        ("directory", quoted(here)),
        ("environment", "{%s}" % ",".join(quoted(name) + ":" + quoted(environment[name]) for name in environment)),
        ("terminal", "true" if os.isatty(0) and os.isatty(1) else "false"),
        ("namespace", quoted(os.readlink("/proc/self/ns/mnt"))),
    )
    return "{%s}" % ",".join(quoted(name) + ":" + value for name, value in fields)


def plan(path, asked):
    """The socket's name and the request, which is empty when that socket is to be asked."""
    channel = Channel(path)
    channel.sock.settimeout(PATIENCE_SECONDS)
    try:
        channel.send(REQUEST, asked)
        kind, answer = channel.receive()
    finally:
        channel.sock.close()
    if kind != RESULT or not answer:
        raise NotUsual
    name, _, request = answer.partition(b"\n")
    return name, request


def planned(arguments):
    """The socket to be used, and the request."""
    environment = {text(name): text(value) for name, value in os.environb.items()}
    here = text(os.getcwdb())
    directory = runtime_directory(environment)
    asked = question([text(os.fsencode(word)) for word in arguments], here, environment).encode()
    if len(asked) > MOST_BYTES:
        raise NotUsual
    for name in sockets(directory, here):
        try:
            meant, request = plan(os.path.join(directory, name), asked)
        except (OSError, Gone):
            continue  # killed, or it does not answer: another one knows as much
        path = os.path.join(directory, os.fsdecode(meant))
        if not request:
            _, request = plan(path, asked)
        if not request or b"/" in meant:
            raise NotUsual
        return path, request
    raise NotUsual


def text(encoded):
    """Names that are no text are not for everybody."""
    return encoded.decode("utf-8")


class Command:
    """A command that runs: passes input, output and signals until it ends."""

    def __init__(self, channel):
        self._channel = channel
        self._room = 0
        self._input = True
        self._seen = set()
        for name in ("INT", "TERM", "HUP"):
            number = getattr(_signal, "SIG" + name)
            if _signal.getsignal(number) != _signal.SIG_IGN:
                _signal.signal(number, self._passes(name))

    def _passes(self, name):
        """The first of a kind as it is, a second one as SIGKILL; of interrupts the mount decides."""

        def handler(number, frame):
            kills = name in self._seen and name != "INT"
            self._seen.add(name)
            try:
                self._channel.send(SIGNAL, b"KILL" if kills else name.encode())
            except OSError:
                pass  # it has ended

        return handler

    def follow(self):
        """Its exit status."""
        while True:
            if self._wait():
                kind, payload = self._channel.receive()
                if kind in (STDOUT, STDERR):
                    if not deliver(1 if kind == STDOUT else 2, payload):
                        return BROKEN_PIPE
                elif kind == STDIN_ROOM:
                    self._room += int.from_bytes(payload, "big")
                elif kind == EXIT:
                    return int.from_bytes(payload, "big") & 0xFF
                elif kind == ERROR:
                    import json

                    complain(json.loads(payload.decode())["message"])
                    return FAILED
                elif kind != PROGRESS:
                    raise Gone

    def _wait(self):
        """Whether there is a frame; passes input on meanwhile."""
        poll = select.poll()
        poll.register(self._channel.sock, select.POLLIN)
        if self._input and self._room > 0:
            poll.register(0, select.POLLIN)
        ready = [fd for fd, _ in poll.poll()]
        if 0 in ready:
            self._pass_input()
        return self._channel.sock.fileno() in ready

    def _pass_input(self):
        try:
            piece = os.read(0, min(self._room, PIECE_BYTES))
        except BlockingIOError:
            return
        except OSError:
            piece = b""  # a closed input is an empty one
        self._input = bool(piece)
        self._room -= len(piece)
        try:
            self._channel.send(STDIN if piece else STDIN_EOF, piece)
        except OSError:
            self._input = False  # it has ended; how, is on its way


def deliver(fd, payload):
    """Writes all of it; false when nobody reads it."""
    left = memoryview(payload)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            waiting = select.poll()
            waiting.register(fd, select.POLLOUT)
            waiting.poll()
        except OSError:
            return False
    return True


def complain(message):
    """One line, and nothing that moves a terminal's cursor."""
    line = " ".join(part.strip() for part in message.splitlines() if part.strip())
    plain = "".join("?" if c < " " or c == "\x7f" else c for c in line)
    deliver(2, ("colabfs: %s\n" % plain).encode("utf-8", "replace"))


def run(arguments):
    """The exit status."""
    try:
        path, request = planned(arguments)
        channel = Channel(path)
    except (OSError, ValueError, KeyError, Gone) as e:
        raise NotUsual from e
    try:
        channel.send(REQUEST, request)
        return Command(channel).follow()
    except (OSError, ValueError, KeyError, Gone):
        complain(ENDED)
        return FAILED


def main():
    """In place of the launcher, or with it in place of this."""
    if _signal.getsignal(_signal.SIGINT) != _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    try:
        status = run(sys.argv[2:])
    except NotUsual:
        for changed in (_signal.SIGPIPE, _signal.SIGXFSZ):
            _signal.signal(changed, _signal.SIG_DFL)
        os.environb[b"COLABFS_CLIENT"] = b"java"
        os.execv(sys.argv[1], sys.argv[1:])
    os._exit(status)


main()
