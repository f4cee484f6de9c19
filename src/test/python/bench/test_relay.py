import contextlib
import socket
import statistics
import threading
import time
import unittest

from colabfs_bench.relay import Held, Line, Relay

RTT = 0.08
RATE = 6_250_000


class Target:
    """Echoes what it is sent; or, to what begins with a digit, sends so many bytes and ends."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # else it listens until who waits in accept has returned
        self._listener.close()

    def _serve(self):
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(one,), daemon=True).start()

    @staticmethod
    def _answer(one):
        with one:
            try:
                for said in iter(lambda: one.recv(65536), b""):
                    if said[:1].isdigit():
                        one.sendall(bytes(int(said)))
                        return
                    one.sendall(said)
            except OSError:
                return  # the test has hung up


class RelayTest(unittest.TestCase):
    def setUp(self):
        self.target = Target()
        self.addCleanup(self.target.close)

    def connect(self, rtt, rate):
        relay = Relay(self.target.port, rtt, rate)
        self.addCleanup(relay.close)
        one = socket.create_connection(("127.0.0.1", relay.port), 20)
        self.addCleanup(one.close)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return relay, one

    @staticmethod
    def round_trip(one):
        began = time.monotonic()
        one.sendall(b"x" * 100)
        left = 100
        while left:
            left -= len(one.recv(left))
        return time.monotonic() - began

    def test_a_small_message_takes_the_round_trip_and_hardly_more(self):
        _, one = self.connect(RTT, RATE)
        self.round_trip(one)
        trips = [self.round_trip(one) for _ in range(25)]
        self.assertGreaterEqual(min(trips), RTT)
        # on a machine that does other things, too, the quicker ones tell
        self.assertLess(statistics.quantiles(trips)[0], RTT * 1.03)

    def test_connecting_takes_a_round_trip_too(self):
        _, one = self.connect(RTT, RATE)
        self.assertGreaterEqual(self.round_trip(one), 2 * RTT - 0.005)

    def test_bulk_takes_the_rate(self):
        times = []
        # a second's worth; once more when the machine was busy with other things
        while len(times) < 4 and (not times or min(times) > 1.03 + RTT):
            _, one = self.connect(RTT, RATE)
            self.round_trip(one)
            began = time.monotonic()
            one.sendall(str(RATE).encode())
            self.assertEqual(sum(map(len, iter(lambda one=one: one.recv(65536), b""))), RATE)
            times.append(time.monotonic() - began)
        self.assertGreaterEqual(min(times), 1 + RTT - 0.01)
        self.assertLess(min(times), 1.05 + RTT)

    def test_connections_share_the_rate(self):
        relay, one = self.connect(0, RATE)
        other = socket.create_connection(("127.0.0.1", relay.port), 20)
        self.addCleanup(other.close)
        began = time.monotonic()
        for each in (one, other):
            each.sendall(str(RATE // 4).encode())
        for each in (one, other):
            for _ in iter(lambda each=each: each.recv(65536), b""):
                pass
        self.assertGreaterEqual(time.monotonic() - began, 0.49)

    def test_bytes_are_counted_in_each_direction(self):
        relay, one = self.connect(0, 0)
        one.sendall(b"100000")
        for _ in iter(lambda: one.recv(65536), b""):
            pass
        self.assertEqual((relay.up.carried, relay.down.carried), (6, 100_000))

    def test_a_sender_feels_a_receiver_that_does_not_read(self):
        relay, one = self.connect(0, RATE)
        one.sendall(str(100_000_000).encode())
        before = -1
        while relay.down.carried != before:
            before = relay.down.carried
            time.sleep(0.5)
        self.assertLess(before, 16_000_000)

    def test_a_target_that_refuses_ends_the_connection(self):
        self.target.close()
        _, one = self.connect(0, 0)
        try:
            self.assertEqual(one.recv(1), b"")
        except ConnectionResetError:
            pass  # the same, said otherwise


class LineTest(unittest.TestCase):
    def test_bytes_wait_for_those_before_them(self):
        line = Line(0.04, 1_000_000)
        self.assertAlmostEqual(line.arrival(1000, 5.0), 5.041)
        self.assertAlmostEqual(line.arrival(1000, 5.0), 5.042)
        self.assertAlmostEqual(line.arrival(1000, 6.0), 6.041)

    def test_a_chunk_is_about_two_milliseconds(self):
        self.assertEqual(Line(0, RATE).chunk(), 12_500)
        self.assertEqual(Line(0, 1000).chunk(), 1024)


class HeldTest(unittest.TestCase):
    def test_closed_takes_no_more_and_does_not_wait(self):
        held = Held(10)
        self.assertTrue(held.put(b"x" * 20, 0))
        held.close()
        self.assertFalse(held.put(b"y", 0))


if __name__ == "__main__":
    unittest.main()
