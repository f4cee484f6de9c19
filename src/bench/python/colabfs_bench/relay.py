"""A TCP relay on 127.0.0.1 that behaves like a long, narrow tunnel.

    python3 relay.py TARGET_PORT RTT_MS RATE_MBIT

Every byte is held for half of the round trip in each direction, and each direction carries at most RATE_MBIT megabit/s
(0: no limit), which all connections share. A connection is there after a round trip, as TCP's own handshake takes. It
prints its port, then "UP DOWN", the bytes carried so far, for each line on standard input, and ends when that ends.

Two threads a direction, which sleep until a byte is due: Linux wakes them some 0.1 ms late, where the loops of asyncio
and of select count in whole milliseconds.
"""

import collections
import contextlib
import socket
import sys
import threading
import time

UNLIMITED_CHUNK = 256 * 1024
# A router's queue, on top of what is under way.
QUEUE_BYTES = 256 * 1024
# What a line without a rate is taken to carry when its buffer is sized: 2 Gbit/s.
UNLIMITED_RATE = 250_000_000


class Line:
    """One direction of the tunnel, shared by all connections. Seconds, and bytes a second."""

    def __init__(self, delay, rate):
        self.delay = delay
        self.rate = rate
        self.carried = 0
        self._lock = threading.Lock()
        self._free_at = 0.0

    def chunk(self):
        """About 2 ms of the line, so that small messages are not held up behind a large chunk."""
        return min(64 * 1024, max(1024, int(self.rate / 500))) if self.rate else UNLIMITED_CHUNK

    def buffer(self):
        return int((self.rate or UNLIMITED_RATE) * self.delay) + QUEUE_BYTES

    def arrival(self, count, now):
        """Puts bytes on the line; tells when the last of them leaves the other end."""
        with self._lock:
            self.carried += count
            if not self.rate:
                return now + self.delay
            self._free_at = max(self._free_at, now) + count / self.rate
            return self._free_at + self.delay


class Held:
    """The bytes of one direction of one connection that are under way, each with the time when they are due."""

    def __init__(self, limit):
        self._limit = limit
        self._chunks = collections.deque()
        self._count = 0
        self._changed = threading.Condition()
        self._closed = False

    def put(self, chunk, due):
        """Waits for room; false when nobody takes any more."""
        with self._changed:
            while self._count > self._limit and not self._closed:
                self._changed.wait()
            self._chunks.append((chunk, due))
            self._count += len(chunk)
            self._changed.notify_all()
            return not self._closed

    def take(self):
        with self._changed:
            while not self._chunks:
                self._changed.wait()
            chunk, due = self._chunks.popleft()
            self._count -= len(chunk)
            self._changed.notify_all()
            return chunk, due

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Relay:
    """Listens from the start; threads are daemons and end with their connection."""

    def __init__(self, target_port, rtt, rate):
        """rtt in seconds, rate in bytes a second (0: no limit)."""
        self.target_port = target_port
        self.rtt = rtt
        self.up = Line(rtt / 2, rate)
        self.down = Line(rtt / 2, rate)
        self._listener = socket.socket()
        if rate:
            # What the kernel would take on top is not a part of the tunnel. Inherited by the connections.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE_BYTES // 2)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        _thread(self._accept)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # it was closed
            _thread(self._connect, client)

    def _connect(self, client):
        time.sleep(self.rtt)
        target = socket.socket()
        if self.up.rate:
            target.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE_BYTES // 2)
        try:
            target.connect(("127.0.0.1", self.target_port))
        except OSError:
            target.close()
            client.close()
            return
        for one in (client, target):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        both = Both(client, target)
        for source, sink, line in ((client, target, self.up), (target, client, self.down)):
            held = Held(line.buffer())
            _thread(take, source, line, held)
            _thread(give, sink, held, both)


class Both:
    """The two sockets of a connection: closed when both directions have ended, or one of them has broken."""

    def __init__(self, *sockets):
        self._sockets = sockets
        self._ended = 0
        self._lock = threading.Lock()

    def end(self, broken):
        with self._lock:
            self._ended += 1
            if broken or self._ended == 2:
                for one in self._sockets:
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)  # wakes whoever reads or writes it
                    one.close()


def take(source, line, held):
    """Until the end of the stream, which travels down the line like data; so does the end by a failure."""
    size = line.chunk()
    chunk = b"more"
    while chunk:
        try:
            chunk = source.recv(size)
        except OSError:
            chunk = b""
        if not held.put(chunk, line.arrival(len(chunk), time.monotonic())):
            return


def give(sink, held, both):
    broken = False
    while True:
        chunk, due = held.take()
        left = due - time.monotonic()
        if left > 0:
            time.sleep(left)
        try:
            if not chunk:
                sink.shutdown(socket.SHUT_WR)
                break
            sink.sendall(chunk)
        except OSError:
            broken = True
            break
    held.close()
    both.end(broken)


def _thread(body, *arguments):
    threading.Thread(target=body, args=arguments, daemon=True).start()


def main(target_port, rtt_ms, rate_mbit):
    sys.setswitchinterval(0.0005)  # a thread that is due waits this long at most for another one's turn to end
    relay = Relay(int(target_port), float(rtt_ms) / 1e3, float(rate_mbit) * 1e6 / 8)
    print(relay.port, flush=True)
    for _ in sys.stdin:
        print(relay.up.carried, relay.down.carried, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
