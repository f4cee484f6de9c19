"""Tests of the supervisor's parts, inside this process: what is hard to bring about from outside."""

import os
import random
import socket
import struct
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from client import helper, opened, text
from jobs_client import jobs, started, supervisor

KIB = 1024


class SpoolTest(unittest.TestCase):
    """A directory for spools."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.path = made.name
        self.directory = os.open(self.path, os.O_RDONLY)
        self.addCleanup(os.close, self.directory)

    def create(self, bound=64 * KIB):
        """A spool."""
        spool = supervisor.Spool.create(self.directory, "out", bound)
        self.addCleanup(spool.close)
        return spool

    def load(self):
        """What another process sees of it."""
        spool = supervisor.Spool.load(self.directory, "out")
        self.addCleanup(spool.close)
        return spool

    @staticmethod
    def content(spool, at=0):
        """All that is there, and the gaps."""
        found, gaps = {}, []
        while at < spool.end:
            piece = spool.next(at, 1000)
            if isinstance(piece, int):
                gaps.append((at, piece))
                at = piece
            else:
                found[at] = piece
                at += len(piece)
        return found, gaps

    def check(self, spool, whole):
        """What is there is what was written; what is not is a gap."""
        found, gaps = self.content(spool)
        self.assertEqual(spool.end, len(whole))
        for at, piece in found.items():
            self.assertEqual(piece, whole[at : at + len(piece)])
        self.assertEqual(sum(map(len, found.values())) + spool.dropped, len(whole))
        self.assertEqual(sum(to - start for start, to in gaps), spool.dropped)


class Times(SpoolTest):
    """When output came."""

    SECOND = 10**9

    def times(self):
        """The index of a job that begins."""
        return supervisor.Times.create(self.directory)

    def test_an_entry_stands_for_what_came_within_a_second_of_it(self):
        times = self.times()
        times.note(100 * self.SECOND, [0, 0])
        times.note(100 * self.SECOND + 5, [10, 0])  # the same second
        times.note(200 * self.SECOND, [20, 3])
        loaded = supervisor.Times.load(self.directory)
        for index in (times, loaded):
            self.assertEqual(index.since(0), [0, 0])
            self.assertEqual(index.since(100 * self.SECOND + 5), [0, 0])
            self.assertEqual(index.since(150 * self.SECOND), [20, 3])
            self.assertIsNone(index.since(300 * self.SECOND))

    def test_too_many_entries_become_half_as_many(self):
        times = self.times()
        times.MOST = 8
        for second in range(1000, 1100):
            times.note(second * self.SECOND, [second, 0])
        self.assertLess(os.path.getsize(os.path.join(self.path, "times")), 16 + 9 * 24)
        loaded = supervisor.Times.load(self.directory)
        for second in range(1000, 1100):
            found = loaded.since(second * self.SECOND)
            self.assertTrue(second - 64 <= found[0] <= second, (second, found))

    def test_a_clock_that_is_set_back_hides_nothing(self):
        times = self.times()
        times.note(100 * self.SECOND, [0, 0])
        times.note(50 * self.SECOND, [10, 0])
        self.assertEqual(times.since(60 * self.SECOND), [0, 0])

    def test_what_is_no_index_tells_nothing(self):
        with open(os.path.join(self.path, "times"), "wb") as out:
            out.write(b"x" * 50)
        supervisor.Times.load(self.directory).since(0)


class Modes(unittest.TestCase):
    """How a terminal is set by what is written to it."""

    def test_pieces_make_the_same_as_the_whole(self):
        written = b"a\x1b[?1049hb\x1b[?1;2004hc\x1b=\x1b[>4;1m\x1b[?1l\x1b[31m\xc3\xbc"
        expected = b"\x1b[?1049h\x1b[?1l\x1b[?2004h\x1b=\x1b[>4;1m"
        for size in (1, 2, 3, 5, 100):
            modes = supervisor.Modes()
            for start in range(0, len(written), size):
                modes.feed(written[start : start + size])
            self.assertEqual(modes.told(), expected, size)

    def test_no_more_is_remembered_than_there_may_be(self):
        modes = supervisor.Modes()
        for mode in range(1000):
            modes.feed(b"\x1b[?%dh" % mode)
        self.assertLess(len(modes.told()), 600)


class Spools(SpoolTest):
    """What is kept of a stream."""

    def test_the_newest_bytes_are_there_after_any_writes(self):
        for seed in range(5):
            rng = random.Random(seed)
            spool = supervisor.Spool.create(self.directory, "out", 64 * KIB)
            whole = b""
            for _ in range(60):
                piece = rng.getrandbits(80_000).to_bytes(10_000, "big")[: rng.randrange(1, 10_000)]
                spool.append(piece)
                whole += piece
                self.assertGreaterEqual(spool.end - spool.dropped, min(len(whole), 64 * KIB))
            self.check(spool, whole)
            other = supervisor.Spool.load(self.directory, "out")
            self.check(other, whole)
            self.assertLess(os.path.getsize(os.path.join(self.path, "out")), 64 * KIB + 3 * 4096)
            spool.close()
            other.close()
            os.unlink(os.path.join(self.path, "out"))

    def test_a_reader_within_the_bound_loses_nothing(self):
        spool, rng, at = self.create(), random.Random(1), 0
        for _ in range(500):
            room = spool.room(at)
            if room > 0:
                spool.append(os.urandom(min(room, rng.randrange(1, supervisor.READ_BYTES))))
            self.assertIsInstance(spool.next(at, 1), bytes)
            at = min(spool.end - 1, at + rng.randrange(20_000))
        self.assertGreater(spool.dropped, 1_000_000)

    def test_a_disk_that_is_full_now_and_then_leaves_gaps_that_are_told(self):
        spool, rng, whole, write = self.create(8 << 20), random.Random(2), b"", os.pwrite
        full = False

        def pwrite(fd, content, offset):
            if full and offset:
                raise OSError(28, "full")
            return write(fd, content[: rng.randrange(1, len(content) + 1)] if offset else content, offset)

        os.pwrite = pwrite
        try:
            for turn in range(12):
                full = turn % 3 != 0
                for _ in range(20):
                    piece = os.urandom(supervisor.READ_BYTES)
                    spool.append(piece)
                    whole += piece
                self.assertEqual(spool.error, "ENOSPC" if full else "")
                self.assertEqual(spool.is_stored, not full)
                self.check(spool, whole)
            full = True
            spool.append(b"last")
            spool.seal()
        finally:
            os.pwrite = write
        self.check(spool, whole + b"last")
        self.check(self.load(), whole + b"last")

    def test_many_gaps_become_fewer(self):
        spool = self.create()
        for number in range(1000):
            spool._add_gap(number * 10, number * 10 + 5)
            self.assertLessEqual(len(spool.gaps), spool.GAPS)
        self.assertEqual(spool.gaps[0][0], 0)
        self.assertEqual(spool.gaps[-1], (9990, 9995))
        self.assertEqual(spool.gaps, sorted(spool.gaps))
        spool._write_facts()
        self.assertEqual(self.load().gaps, spool.gaps)

    def test_a_file_that_was_made_shorter_is_a_gap(self):
        spool = self.create()
        spool.append(bytes(10_000))
        os.truncate(os.path.join(self.path, "out"), spool.PAGE + 5000)
        self.assertEqual(self.content(spool)[1], [(5000, 10_000)])

    def test_facts_that_are_none_are_refused(self):
        good = supervisor.Spool.FACTS
        for facts in (b"", b"x" * 100, good.pack(b"colabfsS", 0, 1, 0), good.pack(b"colabfsS", 1, 1, 9)):
            with open(os.path.join(self.path, "out"), "wb") as out:
                out.write(facts)
            with self.assertRaises(OSError):
                supervisor.Spool.load(self.directory, "out")

    def test_the_last_line_is_found_at_the_end_of_a_ring(self):
        spool = self.create()
        for number in range(30_000):
            spool.append(b"line %d\n" % number)
        spool.append("\x1b]0;title\x07grün \x1b[1;32m7%\x1b[0m\r\n \n".encode())
        self.assertEqual(jobs.last_line(self.load()), "grün 7%")


class Readers(SpoolTest):
    """Who holds a command back."""

    def setUp(self):
        super().setUp()
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        spools = [self.create(), supervisor.Spool.create(self.directory, "err", 64 * KIB)]
        self.addCleanup(spools[1].close)
        record = supervisor.Record(self.directory, {"id": "a" * 16})
        before = supervisor.signal.getsignal(supervisor.signal.SIGCHLD)
        self.addCleanup(supervisor.signal.signal, supervisor.signal.SIGCHLD, before)
        self.addCleanup(supervisor.signal.set_wakeup_fd, -1)
        self.supervisor = supervisor.Supervisor(self.directory, record, spools, listener)
        self.supervisor.input_taken = lambda: 0
        self.connection = supervisor.Connection(ours)
        self.now = 1000.0
        clock = supervisor.time.monotonic
        self.addCleanup(setattr, supervisor.time, "monotonic", clock)
        supervisor.time.monotonic = lambda: self.now

    def test_a_reader_who_takes_nothing_for_30_seconds_holds_up_nobody(self):
        spool = self.supervisor.spools[0]
        fields = text("a" * 16) + struct.pack(">QQI", 0, 0, 1000)
        self.supervisor.take(self.connection, supervisor.ATTACH, 1, fields)
        (reader,) = self.supervisor.attachments
        self.now += 100  # there is nothing to take
        reader.step(self.supervisor.spools)
        while self.supervisor._room(0) > 0:
            spool.append(bytes(min(10_000, self.supervisor._room(0))))
            reader.step(self.supervisor.spools)
        self.assertEqual((reader.at[0], spool.dropped), (1000, 0))
        self.now += 29
        self.assertLessEqual(self.supervisor._room(0), 0)
        self.supervisor.take(self.connection, supervisor.GRANT, 0, struct.pack(">II", 1, 100))
        reader.step(self.supervisor.spools)
        self.now += 29
        self.assertLessEqual(self.supervisor._room(0), 100)
        self.now += 2
        self.assertEqual(self.supervisor._room(0), supervisor.READ_BYTES)
        self.assertFalse(reader.has_all(self.supervisor.spools))
        spool.append(bytes(60_000))
        self.supervisor.take(self.connection, supervisor.GRANT, 0, struct.pack(">II", 1, 1 << 20))
        while reader.step(self.supervisor.spools):
            self.connection.backlog = 0
        self.assertEqual(reader.at[0], spool.end)
        kinds = [frame[9] for frame in self.connection._outgoing]
        self.assertEqual(kinds[0], supervisor.STATE)
        self.assertEqual(kinds.count(supervisor.GAP), 1)

    def test_frames_that_are_cut_anywhere_are_refused_and_nothing_else(self):
        whole = started("a" * 16, "true", env=[("A", "b")])
        supervisor.Start(whole)
        for size in range(len(whole)):
            with self.assertRaises(OSError):
                supervisor.Start(whole[:size])
        with self.assertRaises(OSError):
            supervisor.Start(whole + b"x")
        for name in ("", "A=B", "A\0"):
            with self.assertRaises(OSError):
                supervisor.Start(started("a" * 16, "true", env=[(name, "b")]))
        chunk = struct.pack(">BI", 1, 5)
        for bad in (chunk, chunk + b"nonsense", chunk + helper.zlib.compress(b"123456"), b"\0\0\0\0\5", b"\0"):
            with self.assertRaises(OSError):
                supervisor.Fields(bad).chunk()
        bomb = helper.zlib.compress(bytes(50 << 20))
        with self.assertRaises(OSError):
            supervisor.Fields(struct.pack(">BI", 1, 50 << 20) + bomb).chunk()
        self.assertEqual(supervisor.Fields(chunk + helper.zlib.compress(b"12345")).chunk(), b"12345")

    def test_output_that_does_not_shrink_is_sent_as_it_is(self):
        spools = self.supervisor.spools
        reader = supervisor.Attachment(self.connection, 1, [0, 0], 1 << 20)
        whole = os.urandom(200_000)
        for at in range(0, len(whole), 10_000):
            spools[0].append(whole[at : at + 10_000])
            self.connection.backlog = 0
            reader.step(spools)
        self.assertEqual(b"".join(opened(frame[18:]) for frame in self.connection._outgoing), whole)


class Records(SpoolTest):
    """What is known of a job."""

    def test_a_full_disk_takes_the_end(self):
        record = supervisor.Record(self.directory, {"id": "a" * 16, "state": "running", "exit": None})
        record.write()
        size = os.path.getsize(os.path.join(self.path, "job.json"))
        rename = os.rename

        def fails(*_, **__):
            raise OSError(28, "full")

        os.rename = fails
        try:
            record.write(state="ended", exit=12345, signal="KILL", ended=1 << 62)
        finally:
            os.rename = rename
        self.assertEqual(os.path.getsize(os.path.join(self.path, "job.json")), size)
        self.assertEqual(supervisor.Record.load(self.directory).facts["exit"], 12345)

    def test_a_record_that_is_none_is_refused(self):
        for content in (b"", b"{", b"[]", b"\xff", b"1" * 5000):
            with open(os.path.join(self.path, "job.json"), "wb") as out:
                out.write(content)
            with self.assertRaises(OSError):
                supervisor.Record.load(self.directory)


if __name__ == "__main__":
    unittest.main()
