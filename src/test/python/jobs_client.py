"""Commands over the helper's protocol, as simple as can be, for their tests."""

import json
import os
import queue
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from client import PATIENCE, SOURCE, Client, Refused, helper, opened, text

sys.path.insert(0, os.path.dirname(SOURCE))

import jobs  # noqa: E402
import supervisor  # noqa: E402

WINDOW = 1 << 30


def long_text(value):
    """A text that may be long, as a field."""
    encoded = os.fsencode(value)
    return struct.pack(">I", len(encoded)) + encoded


def started(
    job, line, cwd="", terminal=False, detached=False, bound=0, env=(), size=(24, 80), term="xterm", millis=None
):
    """The payload of a START."""
    flags = terminal + 2 * detached + 4 * (millis is not None)
    fields = text(job) + bytes((flags,)) + struct.pack(">HH", *size) + text(term)
    fields += struct.pack(">Q", bound) + text(cwd) + struct.pack(">I", len(env))
    fields += b"".join(text(name) + long_text(value) for name, value in env)
    fields += long_text(line) + long_text(line)
    return fields if millis is None else fields + struct.pack(">Q", millis)


class Output:
    """What came of a job, from some offsets on."""

    def __init__(self, offsets):
        self.at = list(offsets)
        self.streams = [bytearray(), bytearray()]
        self.gaps = []
        self.state = None
        self.modes = b""
        self.code = self.signal = self.ends = None

    def add(self, payload):
        """Takes a frame, and says how many bytes of output it holds; there must be no hole."""
        what = payload[0]
        if what == supervisor.STATE:
            assert self.state is None
            self.state = struct.unpack(">QQQq", payload[1:])
            return 0
        if what == supervisor.MODES:
            self.modes = payload[1:]
            return 0
        if what == supervisor.GAP:
            stream, start, to = struct.unpack(">BQQ", payload[1:])
            assert start == self.at[stream - 1] < to, (start, self.at, to)
            self.at[stream - 1] = to
            self.gaps.append((stream, start, to))
            return 0
        (offset,) = struct.unpack_from(">Q", payload, 1)
        content = opened(payload[9:])
        assert offset == self.at[what - 1], (offset, self.at)
        assert content
        self.at[what - 1] += len(content)
        self.streams[what - 1] += content
        return len(content)


class JobClient(Client):
    """A client that starts commands."""

    def start(self, job, line, **options):
        """Starts a command; the number of its process."""
        return struct.unpack(">i", self.answer(self.ask(supervisor.START, started(job, line, **options)))[1])[0]

    def attach(self, job, offsets=(0, 0), window=WINDOW):
        """Asks for the output of a job."""
        return self.ask(supervisor.ATTACH, text(job) + struct.pack(">QQI", *offsets, window))

    def frames(self, number):
        """The payloads of OUTPUT frames as they come, and the last frame as a pair."""
        while True:
            kind, payload = self._queue(number).get(timeout=PATIENCE)
            if kind != supervisor.OUTPUT:
                yield kind, payload
                return
            yield payload

    def follow(self, number, offsets=(0, 0), until=None, grants=True):
        """Takes output until the end, or until enough has come."""
        output = Output(offsets)
        for frame in self.frames(number):
            if isinstance(frame, tuple):
                kind, payload = frame
                if kind == helper.ERROR:
                    raise Refused(payload[1 : 1 + payload[0]].decode())
                (output.code, length) = struct.unpack_from(">iH", payload)
                output.signal = payload[6 : 6 + length].decode()
                output.ends = struct.unpack(">QQ", payload[6 + length :])
                return output
            count = output.add(frame)
            if count and grants:
                self.grant(number, count)
            if until is not None and until(output):
                return output
        raise AssertionError

    def answer_ping(self):
        """Waits until the helper has had its turn."""
        self.take(self.ask(helper.PING))

    def grant(self, number, count):
        """More may come."""
        self.send(supervisor.GRANT, 0, struct.pack(">II", number, count))

    def run(self, job, line, **options):
        """Starts a command in one go with the question for its output, which it gives."""
        start = self.ask(supervisor.START, started(job, line, **options))
        number = self.attach(job)
        self.answer(start)
        return self.follow(number)

    def input(self, job, offset, content, end=False):
        """Gives input; how much has been taken."""
        return struct.unpack(">Q", self.answer(self.feed(job, offset, content, end))[1])[0]

    def feed(self, job, offset, content, end=False):
        """Gives input without waiting."""
        chunk = struct.pack(">BI", 0, len(content)) + content
        return self.ask(supervisor.INPUT, text(job) + struct.pack(">QB", offset, end) + chunk)

    def type(self, job, typist, offset, content):
        """Types at a terminal; how much that typist has typed in all."""
        chunk = struct.pack(">BI", 0, len(content)) + content
        payload = text(job) + struct.pack(">QQ", typist, offset) + chunk
        return struct.unpack(">Q", self.answer(self.ask(supervisor.TYPE, payload))[1])[0]

    def since(self, job, nanos):
        """Where the output of a time begins."""
        return struct.unpack(">QQ", self.answer(self.ask(supervisor.SINCE, text(job) + struct.pack(">q", nanos)))[1])

    def signal(self, job, name):
        """Sends a signal."""
        self.answer(self.ask(supervisor.SIGNAL, text(job) + text(name)))

    def resize(self, job, rows, columns):
        """Gives a terminal a size."""
        self.answer(self.ask(supervisor.RESIZE, text(job) + struct.pack(">HH", rows, columns)))

    def jobs(self):
        """What is told of all jobs, by name."""
        return {job["id"]: job for job in json.loads(self.answer(self.ask(supervisor.JOBS))[0])}

    def remove(self, job):
        """Removes a job."""
        self.answer(self.ask(supervisor.REMOVE, text(job)))
