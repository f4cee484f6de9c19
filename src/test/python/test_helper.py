"""Tests of the helper as a process: every operation, its bounds, and its end."""

import os
import queue
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from client import PATIENCE, SOURCE, Attrs, Client, Refused, helper, key_of, listings, news, opened, text, version_of

NOTHING = b"\1"


def version(size, mtime):
    """A base: that version of a file."""
    return b"\2" + struct.pack(">qq", size, mtime)


class HelperTest(unittest.TestCase):
    """A helper for a directory of its own."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.root = made.name
        self.client = Client(self.root)
        self.client.__enter__()
        self.addCleanup(self.client.__exit__)

    def path(self, name):
        """A file of the test's."""
        return os.path.join(self.root, name)

    def write(self, name, content=b""):
        """Makes a file."""
        with open(self.path(name), "wb") as out:
            out.write(content)

    def refused(self, name, call, *args, **options):
        """The call must end with that error."""
        with self.assertRaises(Refused) as caught:
            call(*args, **options)
        self.assertEqual(str(caught.exception), name)

    def await_news(self, *wanted):
        """Waits for pieces of news, given as kind and path."""
        left = set(wanted)
        end = time.monotonic() + PATIENCE
        while left:
            frame = self.client.told.get(timeout=max(0.1, end - time.monotonic()))
            if frame[0] == helper.NEWS:
                left -= {(kind, path) for kind, path, _ in news(frame[2])}


class Operations(HelperTest):
    """What can be asked for."""

    def test_greeting_tells_who_it_is(self):
        self.assertEqual(self.client.magic, helper.MAGIC)
        welcome = self.client.welcome
        self.assertEqual(welcome[:4], b"\0\0\0\1")
        self.assertIn(text("pid") + text(str(self.client.process.pid)), welcome)
        self.assertIn(text("root") + text(os.path.realpath(self.root)), welcome)

    def test_greeting_for_a_root_that_is_not_there_is_an_error(self):
        with Client(self.root, greet=False) as other:
            other.send(helper.HELLO, 0, struct.pack(">I", 1) + text("/not/there"))
            self.refused("ENOENT", other.answer, 0)
            self.assertEqual(other.process.wait(PATIENCE), 0)

    def test_snapshot_tells_what_lstat_tells(self):
        os.makedirs(self.path("a/b"))
        self.write("a/b/file", b"123")
        self.write("a/schön", b"1")
        os.symlink("b", self.path("a/link"))
        os.mkfifo(self.path("fifo"))
        found, complete = self.client.snapshot()
        self.assertTrue(complete)
        self.assertEqual(set(found), {"/", "/a", "/a/b"})
        for directory, (watched, names) in found.items():
            self.assertTrue(watched)
            here = self.path("." + directory)
            self.assertEqual(set(names), set(os.listdir(here)))
            for name, attrs in names.items():
                self.assertEqual(attrs.key(), key_of(os.lstat(os.path.join(here, name))))

    def test_snapshot_holds_its_bounds(self):
        os.makedirs(self.path("a/b/c"))
        for name in range(10):
            self.write("a/%d" % name)
        self.assertEqual(set(self.client.snapshot(depth=2)[0]), {"/", "/a"})
        found, complete = self.client.snapshot(entries=5)
        self.assertEqual((set(found), complete), ({"/"}, False))
        self.assertEqual(self.client.snapshot("/a", entries=5), ({}, False))
        found, complete = self.client.snapshot(millis=0)
        self.assertEqual((set(found), complete), ({"/"}, False))

    def test_a_large_directory_comes_whole(self):
        for name in range(5000):
            self.write("a-long-name-for-a-file-%d" % name)
        found, _ = self.client.snapshot()
        self.assertEqual(len(found["/"][1]), 5000)

    def test_no_way_leads_out_of_the_root(self):
        os.symlink("/etc", self.path("out"))
        os.symlink("..", self.path("up"))
        self.write("file")
        for path in ("", "relative", "/../etc", "/a/./b", "//etc", "/a//b", "/a/", "/file\0"):
            self.refused("EINVAL", self.client.snapshot, path)
            self.assertEqual(self.client.contents([path]), ["EINVAL"])
        for path in ("/out", "/up", "/out/ssh", "/up/x"):
            self.refused("ENOTDIR", self.client.snapshot, path)
        self.assertEqual(self.client.contents(["/out/passwd", "/out"]), ["ENOTDIR", "ELOOP"])
        self.refused("ENOTDIR", self.client.put, "/out/colabfs-never", b"x")
        self.refused("EINVAL", self.client.change, b"\2" + text("/../never") + struct.pack(">I", 0o700))
        self.refused("EINVAL", self.client.change, b"\5" + text("/x") + text("/../y") + b"\1")

    def test_contents_are_whole_or_say_why_not(self):
        large = random.Random(5).randbytes(700_000) if hasattr(random, "randbytes") else os.urandom(700_000)
        self.write("large", large)
        self.write("text", b"hello " * 50_000)
        self.write("empty")
        os.mkfifo(self.path("fifo"))
        os.mkdir(self.path("directory"))
        self.assertEqual(
            self.client.contents(["/large", "/text", "/missing", "/empty", "/fifo", "/directory"]),
            [large, b"hello " * 50_000, "ENOENT", b"", "EINVAL", "EISDIR"],
        )
        self.assertEqual(self.client.contents(["/large", "/empty"], most=699_999), ["EFBIG", b""])

    def test_contents_of_a_changing_file_are_never_mixed(self):
        stop = threading.Event()

        def change():
            n = 0
            with open(self.path("file"), "r+b", buffering=0) as out:
                while not stop.is_set():
                    n += 1
                    os.pwrite(out.fileno(), bytes((n % 251,)) * 300_000, 0)
                    stop.wait(0.01 * (n % 7))

        self.write("file", b"\0" * 300_000)
        writer = threading.Thread(target=change)
        writer.start()
        try:
            answers = [self.client.contents(["/file"])[0] for _ in range(60)]
        finally:
            stop.set()
            writer.join()
        whole = [content for content in answers if content != "EAGAIN"]
        for content in whole:
            self.assertEqual(len(set(content)), 1, "two versions in one content")
        self.assertEqual(len(self.client.contents(["/file"])[0]), 300_000)

    def test_digests_are_of_blocks(self):
        self.write("file", b"a" * 4096 + b"b" * 10)
        raw, _ = self.client.answer(self.client.ask(helper.DIGESTS, struct.pack(">I", 4096) + text("/file")))
        self.assertEqual(Attrs(raw[: helper.ATTRS.size]).size, 4106)
        self.assertEqual(len(raw) - helper.ATTRS.size, 32)
        number = self.client.ask(helper.DIGESTS, struct.pack(">I", 4096) + text("/missing"))
        self.refused("ENOENT", self.client.answer, number)

    def test_put_makes_and_replaces(self):
        attrs, links = self.client.put("/file", b"one", NOTHING, 0o751)
        self.assertEqual(attrs.key(), key_of(os.lstat(self.path("file"))))
        self.assertEqual((attrs.mode & 0o7777, links), (0o751, 0))
        times = b"\1" + struct.pack(">qq", 5, 1_000_000_007)
        attrs, links = self.client.put("/file", b"three", version(3, attrs.mtime), times=times)
        self.assertEqual((attrs.mode & 0o7777, links, attrs.mtime), (0o751, 1, 1_000_000_007))
        self.client.put("/file", b"four!", version(5, 1_000_000_000))
        self.assertEqual(os.listdir(self.root), ["file"])

    def test_put_refuses_what_it_must_not_replace(self):
        self.write("file", b"old")
        mtime = os.lstat(self.path("file")).st_mtime_ns
        for base in (NOTHING, version(4, mtime), version(3, mtime + 1)):
            self.refused("ESTALE", self.client.put, "/file", b"new", base)
        os.link(self.path("file"), self.path("other"))
        self.refused("EMLINK", self.client.put, "/file", b"new")
        os.mkdir(self.path("directory"))
        self.refused("EEXIST", self.client.put, "/directory", b"new")
        os.symlink("file", self.path("link"))
        self.refused("EEXIST", self.client.put, "/link", b"new")
        self.refused("ENOENT", self.client.put, "/no/file", b"new")
        self.assertEqual(set(os.listdir(self.root)), {"file", "other", "directory", "link"})

    def test_put_gives_the_owner_that_it_is_told(self):
        owner = b"\1" + struct.pack(">II", 1234, 567)
        if os.geteuid() != 0:
            self.refused("EPERM", self.client.put, "/file", b"one", NOTHING, 0o4751, owner)
            self.assertEqual(os.listdir(self.root), [])
            return
        attrs, _ = self.client.put("/file", b"one", NOTHING, 0o4751, owner)
        self.assertEqual((attrs.uid, attrs.gid, attrs.mode & 0o7777), (1234, 567, 0o4751))
        attrs, _ = self.client.put("/file", b"two", owner=b"\1" + struct.pack(">II", 2, 3))
        self.assertEqual((attrs.uid, attrs.gid, attrs.mode & 0o7777), (2, 3, 0o4751))
        attrs, _ = self.client.put("/file", b"three")
        self.assertEqual((attrs.uid, attrs.gid), (2, 3))

    def test_put_without_space_leaves_nothing_behind(self):
        self.write("file", b"old")
        resource.prlimit(self.client.process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
        self.refused("EFBIG", self.client.put, "/file", b"x" * 100_000)
        self.assertEqual(os.listdir(self.root), ["file"])
        with open(self.path("file"), "rb") as kept:
            self.assertEqual(kept.read(), b"old")

    def lstat(self, name):
        """A file's attributes, as this process sees them."""
        return os.lstat(self.path(name))

    def read(self, name):
        """A file's content, as this process sees it."""
        with open(self.path(name), "rb") as kept:
            return kept.read()

    def test_a_patch_puts_old_and_new_together(self):
        old = bytes(range(256)) * 12_000  # longer than what is copied at once
        self.write("file", old)
        os.chmod(self.path("file"), 0o4751)
        before = self.lstat("file")
        times = b"\1" + struct.pack(">qq", 5, 1_000_000_007)
        pieces = [(0, 1_500_000), b"new", (1_500_003, len(old) - 1_500_003), b"end" * 700_000]
        attrs, links = self.client.patch("/file", before, pieces, times=times)
        self.assertEqual(self.read("file"), old[:1_500_000] + b"new" + old[1_500_003:] + b"end" * 700_000)
        self.assertEqual((attrs.mode & 0o7777, attrs.mtime, links), (0o4751, 1_000_000_007, 1))
        self.assertEqual(attrs.key(), key_of(self.lstat("file")))
        self.assertNotEqual(attrs.inode, before.st_ino, "it did not appear at once")
        self.client.patch("/file", self.lstat("file"), [(256, 10), (0, 10)], permissions=0o600)
        self.assertEqual((self.read("file"), self.lstat("file").st_mode), (old[:10] * 2, 0o100600))
        self.assertEqual(os.listdir(self.root), ["file"])

    def test_a_patch_in_place_keeps_the_other_names(self):
        self.write("file", b"a" * 10_000 + b"b" * 10_000)
        os.link(self.path("file"), self.path("other"))
        before = self.lstat("file")
        pieces = [(0, 10_000), b"new", (10_003, 5_000)]
        self.refused("EMLINK", self.client.patch, "/file", before, pieces)
        times = b"\1" + struct.pack(">qq", 5, 1_000_000_007)
        attrs, links = self.client.patch("/file", before, pieces, temporary="", permissions=0o640, times=times)
        self.assertEqual(self.read("other"), b"a" * 10_000 + b"new" + b"b" * 5_000)
        self.assertEqual((attrs.inode, links, attrs.mtime, attrs.mode), (before.st_ino, 2, 1_000_000_007, 0o100640))
        self.client.patch("/other", self.lstat("file"), [(0, 15_003), b"longer"], temporary="")
        self.assertEqual(self.read("file")[-7:], b"blonger")
        self.assertEqual(set(os.listdir(self.root)), {"file", "other"})

    def test_a_patch_of_another_version_changes_nothing(self):
        self.write("file", b"a" * 10_000)
        before = self.lstat("file")
        times = (before.st_atime_ns, before.st_mtime_ns)
        pieces = [(0, 5_000), b"new"]

        def rewritten():  # the same length and time of change, another content
            self.write("file", b"c" * 10_000)
            os.utime(self.path("file"), ns=times)

        def replaced():
            self.write("new", b"c" * 10_000)
            os.utime(self.path("new"), ns=times)
            os.rename(self.path("new"), self.path("file"))

        def touched():
            os.utime(self.path("file"), ns=(5, 5))

        for change in (rewritten, replaced, touched):
            change()
            kept = self.read("file")
            for temporary in ("/.temporary", ""):
                self.refused("ESTALE", self.client.patch, "/file", before, pieces, temporary)
            self.assertEqual((self.read("file"), os.listdir(self.root)), (kept, ["file"]))
        for gone in ("/missing", "/link"):
            os.path.exists(self.path("link")) or os.symlink("file", self.path("link"))
            self.refused("ESTALE", self.client.patch, gone, before, [b"new"])

    def test_a_patch_that_would_make_something_else_changes_nothing(self):
        self.write("file", b"a" * 10_000)
        before = self.lstat("file")
        for temporary in ("/.temporary", ""):
            call = self.client.patch
            self.refused("ESTALE", call, "/file", before, [(0, 5_000), b"new"], temporary, digest=b"d" * 32)
        self.assertEqual((self.read("file"), os.listdir(self.root)), (b"a" * 10_000, ["file"]))
        self.assertEqual(key_of(self.lstat("file")), key_of(before))

    def test_a_patch_that_makes_no_sense_is_the_end(self):
        self.write("file", b"a" * 10_000)
        st = self.lstat("file")
        stay = struct.pack(">I", 0xFFFFFFFF) + b"\0" + b"d" * 32

        def piece(kind, *numbers):
            return struct.pack(">B%dq" % len(numbers), kind, *numbers)

        senseless = {
            "a kind that is none": [piece(3, 1)],
            "a copy from beyond the end": [piece(1, 9_999, 2)],
            "a copy from before the beginning": [piece(1, -1, 2)],
            "a copy without end": [piece(1, 1, (1 << 63) - 1)],
            "an empty piece": [piece(1, 0, 0)],
            "a longer body": [piece(2, 2)],
            "a shorter body": [piece(2, 4)],
            "a negative length": [piece(2, 4), piece(2, -1)],
            "fewer pieces than it says": [piece(2, 3), b""],
            "a copy in place that moves": [piece(2, 3), piece(1, 0, 5)],
        }
        for what, pieces in senseless.items():
            with self.subTest(what), Client(self.root) as other:
                temporary = "" if "in place" in what else "/.temporary"
                count = struct.pack(">I", len(pieces))
                fields = text("/file") + text(temporary) + version_of(st) + stay + count + b"".join(pieces)
                try:
                    other.ask(helper.CHANGE, b"\10" + fields, b"new")
                except OSError:
                    pass  # it has ended already
                self.assertEqual(other.process.wait(PATIENCE), 2)
        for temporary in ("/file", "/d/.temporary"):
            with self.subTest(temporary), Client(self.root) as other:
                fields = text("/file") + text(temporary) + version_of(st) + stay + struct.pack(">I", 1) + piece(2, 3)
                other.ask(helper.CHANGE, b"\10" + fields, b"new")
                self.assertEqual(other.process.wait(PATIENCE), 2)
        self.assertEqual(os.listdir(self.root), ["file"])
        self.assertEqual(key_of(self.lstat("file")), key_of(st))

    def test_a_patch_without_space_leaves_the_old_file_or_says_that_it_is_changed(self):
        self.write("file", b"a" * 10_000)
        before = self.lstat("file")
        resource.prlimit(self.client.process.pid, resource.RLIMIT_FSIZE, (12_000, 12_000))
        pieces = [(0, 5_000), b"new" * 100_000]
        self.refused("EFBIG", self.client.patch, "/file", before, pieces)
        self.assertEqual((self.read("file"), os.listdir(self.root)), (b"a" * 10_000, ["file"]))
        self.refused("EIO", self.client.patch, "/file", before, pieces, "")

    def test_directories_links_and_names(self):
        change = self.client.change
        attrs, _ = change(b"\2" + text("/d") + struct.pack(">I", 0o711))
        self.assertEqual(attrs.mode, 0o40711)
        self.refused("EEXIST", change, b"\2" + text("/d") + struct.pack(">I", 0o711))
        change(b"\6" + text("/d/link") + text("anywhere"))
        self.assertEqual(os.readlink(self.path("d/link")), "anywhere")
        self.refused("ENOTEMPTY", change, b"\3" + text("/d"))
        self.assertEqual(change(b"\4" + text("/d/link") + b"\0"), (None, 1))
        self.refused("ENOENT", change, b"\4" + text("/d/link") + b"\0")
        change(b"\5" + text("/e") + text("/d") + b"\0")
        self.assertEqual(change(b"\3" + text("/e")), (None, 1))
        self.refused("EBUSY", change, b"\3" + text("/"))

    def test_rename_replaces_only_when_it_may(self):
        self.write("a", b"a")
        self.write("b", b"b")
        self.refused("EEXIST", self.client.change, b"\5" + text("/b") + text("/a") + b"\0")
        _, links = self.client.change(b"\5" + text("/b") + text("/a") + b"\1")
        self.assertEqual((os.listdir(self.root), links), (["b"], 1))

    def test_unlink_of_another_version_is_refused(self):
        self.write("file", b"old")
        mtime = os.lstat(self.path("file")).st_mtime_ns
        self.refused("ESTALE", self.client.change, b"\4" + text("/file") + version(4, mtime))
        self.client.change(b"\4" + text("/file") + version(3, mtime))
        self.assertEqual(os.listdir(self.root), [])

    def test_attributes_are_set_and_not_through_links(self):
        self.write("file", b"12345")
        os.symlink("file", self.path("link"))
        before = os.lstat(self.path("file"))
        none, stay = b"\0", struct.pack(">I", 0xFFFFFFFF)
        times = b"\1" + struct.pack(">qq", 1, 2_000_000_003)
        attrs, _ = self.client.change(b"\7" + text("/link") + none + stay + none + times)
        self.assertEqual(attrs.mtime, 2_000_000_003)
        mode = struct.pack(">I", 0o600)
        self.refused("EOPNOTSUPP", self.client.change, b"\7" + text("/link") + none + mode + none + none)
        self.assertEqual(key_of(os.lstat(self.path("file"))), key_of(before))
        size = b"\1" + struct.pack(">q", 2)
        attrs, _ = self.client.change(b"\7" + text("/file") + size + mode + none + times)
        self.assertEqual((attrs.size, attrs.mode, attrs.mtime), (2, 0o100600, 2_000_000_003))

    def test_a_kind_of_request_that_it_does_not_know_is_refused(self):
        self.refused("EOPNOTSUPP", self.client.answer, self.client.ask(0x33, b"from later"))

    def test_a_cancelled_snapshot_ends(self):
        for name in range(300):
            os.mkdir(self.path(str(name)))
        request = struct.pack(">III", 100_000, 100, 20_000) + text("/")
        number = self.client.ask(helper.SNAPSHOT, request)
        self.client.send(helper.CANCEL, number)
        frames = self.client.take(number)
        self.assertIn(frames[-1][0], (helper.ERROR, helper.DONE))
        self.assertEqual(self.client.take(self.client.ask(helper.PING))[0][0], helper.PONG)


class Watching(HelperTest):
    """News of changes."""

    def test_news_of_all_that_happens_in_a_watched_directory(self):
        os.mkdir(self.path("d"))
        self.client.snapshot()
        self.write("d/file", b"1")
        self.await_news((helper.IS_NOW, "/d/file"), (helper.IS_NOW, "/d"))
        os.chmod(self.path("d/file"), 0o600)
        self.await_news((helper.IS_NOW, "/d/file"))
        os.rename(self.path("d/file"), self.path("moved"))
        self.await_news((helper.GONE, "/d/file"), (helper.IS_NOW, "/moved"))
        os.mkdir(self.path("new"))
        self.await_news((helper.IS_NOW, "/new"))

    def test_a_directory_that_moves_or_goes_is_lost(self):
        os.makedirs(self.path("a/b/c"))
        self.client.snapshot()
        os.rename(self.path("a"), self.path("z"))
        self.await_news((helper.LOST, "/a"), (helper.GONE, "/a"), (helper.IS_NOW, "/z"))
        self.client.snapshot("/z")
        os.rmdir(self.path("z/b/c"))
        self.await_news((helper.LOST, "/z/b/c"), (helper.GONE, "/z/b/c"))

    def test_a_directory_above_that_moves_is_noticed(self):
        os.makedirs(self.path("a/b/c"))
        self.client.snapshot("/a/b/c")
        os.rename(self.path("a"), self.path("z"))
        self.await_news((helper.LOST, "/a"))

    def test_a_file_written_without_pause_is_told_now_and_then(self):
        self.write("file")
        self.client.snapshot()
        with open(self.path("file"), "ab", buffering=0) as out:
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                out.write(b"x")
        self.write("last")
        told = 0
        while True:
            kind, _, payload = self.client.told.get(timeout=PATIENCE)
            if kind == helper.NEWS:
                paths = [path for _, path, _ in news(payload)]
                told += paths.count("/file")
                if "/last" in paths:
                    break
        self.assertTrue(2 <= told <= 14, told)

    def test_what_is_sent_later_was_seen_later(self):
        """Random changes and snapshots at once: who follows the wire ends with what is there."""
        seed = int.from_bytes(os.urandom(4), "big")
        rng = random.Random(seed)
        names = ["d", "d/e", "d/e/f", "g", "g/h", "i"]

        def change():
            for n in range(1500):
                name = rng.choice(names)
                try:
                    what = rng.randrange(7)
                    if what == 0:
                        os.mkdir(self.path(name))
                    elif what == 1:
                        os.rmdir(self.path(name))
                    elif what == 2:
                        os.rename(self.path(name), self.path(rng.choice(names)))
                    elif what < 6:
                        self.write(name + "/file%d" % rng.randrange(5), b"x" * rng.randrange(50))
                    else:
                        os.unlink(self.path(name + "/file%d" % rng.randrange(5)))
                except OSError:
                    pass
                if n % 50 == 0:
                    time.sleep(0.01)

        model = Model(self.client)
        model.snapshot("/")
        changer = threading.Thread(target=change)
        changer.start()
        while changer.is_alive():
            model.follow(0.05)
        model.settle()
        actual = {}
        for directory, directories, files in os.walk(self.root):
            below = os.path.relpath(directory, self.root)
            for name in directories + files:
                path = os.path.normpath("/" + below + "/" + name)
                actual[path] = key_of(os.lstat(os.path.join(directory, name)))
        self.assertEqual(model.state(), actual, "seed %d" % seed)


class Model:
    """What a client knows that believes the wire and asks again for what is lost or new."""

    def __init__(self, client):
        self.client = client
        self.known = {}  # path -> attributes
        self.listed = set()
        self.asked = {}  # request -> path and stream so far
        self.settled = 0

    def snapshot(self, path):
        """Asks for a directory alone."""
        payload = struct.pack(">III", 100_000, 1, 20_000) + text(path)
        self.asked[self.client.ask(helper.SNAPSHOT, payload)] = [path, b""]

    def state(self):
        """Everything that is known."""
        return {path: attrs.key() for path, attrs in self.known.items() if path != "/"}

    def follow(self, seconds):
        """Takes frames until none comes for a while."""
        while True:
            try:
                kind, number, payload = self.client.told.get(timeout=seconds)
            except queue.Empty:
                return
            if kind == helper.NEWS:
                for record in news(payload):
                    self._news(*record)
            elif number in self.asked:
                self._answer(kind, number, payload)

    def settle(self):
        """Follows until nothing has come for a time in which something would have."""
        while True:
            self.follow(1)
            if not self.asked:
                return

    def _drop(self, path, itself):
        for known in [k for k in self.known if k.startswith(path.rstrip("/") + "/")]:
            del self.known[known]
        if itself:
            self.known.pop(path, None)
        self.listed = {k for k in self.listed if not (k + "/").startswith(path.rstrip("/") + "/")}

    def _news(self, kind, path, attrs):
        parent = os.path.dirname(path)
        if kind == helper.LOST:
            was_listed = path in self.listed
            self._drop(path, False)
            if path == "/" or (was_listed and path in self.known):
                self.snapshot(path)
        elif path != "/" and parent not in self.listed:
            return  # in a directory that is not known (any more)
        elif kind == helper.GONE:
            self._drop(path, True)
        else:
            self._is_now(path, attrs)

    def _is_now(self, path, attrs):
        old = self.known.get(path)
        self.known[path] = attrs
        if attrs.mode & 0o170000 == 0o40000 and path != "/":
            if old is None or old.inode != attrs.inode or path not in self.listed:
                self._drop(path, False)
                self.snapshot(path)

    def _answer(self, kind, number, payload):
        if kind == helper.CHUNK:
            for path, (watched, names) in listings(opened(payload)):
                assert watched
                if path != "/" and path not in self.known:
                    continue
                for known in [k for k in self.known if os.path.dirname(k) == path and k != path]:
                    if os.path.basename(known) not in names:
                        self._drop(known, True)
                self.listed.add(path)
                for name, attrs in names.items():
                    self._is_now(os.path.join(path, name), attrs)
        else:
            del self.asked[number]


class Ending(HelperTest):
    """How it ends: always, and never in the middle of a change."""

    def test_end_of_input_is_the_end(self):
        self.client.process.stdin.close()
        self.assertEqual(self.client.process.wait(PATIENCE), 0)

    def test_end_in_the_middle_of_a_frame_is_the_end(self):
        self.client.process.stdin.write(b"\0\0\1\0\x10")
        self.client.process.stdin.close()
        self.assertEqual(self.client.process.wait(PATIENCE), 0)

    def test_a_hangup_alone_is_not_the_end(self):
        self.client.process.send_signal(signal.SIGHUP)
        self.client.put("/file", b"after the hangup")

    def test_nobody_who_reads_is_the_end(self):
        source, out = os.pipe()
        other = subprocess.Popen(
            [sys.executable, "-B", SOURCE], stdin=subprocess.PIPE, stdout=out
        )
        os.close(out)
        os.close(source)
        self.assertNotEqual(other.wait(PATIENCE), 0)
        other.stdin.close()

    def test_a_root_that_moves_is_the_end(self):
        self.client.snapshot()
        moved = self.root + "-moved"
        os.rename(self.root, moved)
        self.assertEqual(self.client.process.wait(PATIENCE), 3)
        os.rename(moved, self.root)

    def test_whatever_arrives_it_answers_or_ends(self):
        for seed in range(40):
            rng = random.Random(seed)
            with Client(self.root) as other:
                self._send_nonsense(other, rng)
                try:
                    other.process.stdin.close()
                except OSError:
                    pass
                self.assertIn(other.process.wait(PATIENCE), (0, 2), "seed %d" % seed)
                self.assertEqual(other.process.stderr.read(), b"", "seed %d" % seed)
        self.assertEqual(os.listdir(self.root), [])

    @staticmethod
    def _send_nonsense(other, rng):
        kinds = (2, 3, 4, 0x10, 0x11, 0x12, 0x13, 0x55)
        fields = (text("/"), text("/x"), text("/../x"), b"\0\0\0\1", b"\1", b"\xff" * 8, struct.pack(">I", 4096))
        try:
            for number in range(rng.randrange(1, 12)):
                payload = b"".join(rng.choice(fields) for _ in range(rng.randrange(6)))
                other.send(rng.choice((2, 3, 0x10, 0x11, 0x13, 0x55)), number, payload)
                if rng.random() < 0.3:
                    other.send(rng.choice(kinds), number, os.urandom(rng.randrange(40)))
            if rng.random() < 0.5:
                other.process.stdin.write(os.urandom(rng.randrange(100)))
        except OSError:
            pass  # it has ended already


if __name__ == "__main__":
    unittest.main()
