"""Tests of the helper's parts, inside this process: what is hard to bring about from outside."""

import errno
import os
import struct
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from client import helper, listings, news, opened, text


class Sent(helper.Wire):
    """A wire that keeps what is put."""

    def __init__(self):
        super().__init__(-1)
        self.frames = []

    def await_room(self):
        pass

    def put(self, kind, request, payload=b""):
        self.frames.append((kind, request, payload))

    def news(self):
        """Kind and path of all news so far."""
        records = []
        for kind, _, payload in self.frames:
            if kind == helper.NEWS:
                records += [(what, path) for what, path, _ in news(payload)]
        return records


class Service:
    """What requests want of the service."""

    def __init__(self, path, limit=1000):
        self.root = helper.Root(os.fsencode(path))
        self.wire = Sent()
        self.file_systems = helper.FileSystems()
        self.watches = helper.Watches(self.root, limit)
        self.events = helper.Events(self.root, self.wire, self.watches, None)
        self.poller = helper.Poller(self.root, self.wire)

    def snapshot(self, path="/"):
        """Reads all, and gives what was sent."""
        payload = struct.pack(">III", 10_000, 100, 10_000) + text(path)
        helper.Snapshot(self, 1, payload, b"").run()
        return self.sent()

    def sent(self):
        """The listings that were sent."""
        return dict(listings(b"".join(opened(p) for kind, _, p in self.wire.frames if kind == helper.CHUNK)))

    verify = helper.Service.verify

    def close(self):
        """Closes what is open."""
        os.close(self.root.fd)
        if self.watches.inotify is not None:
            os.close(self.watches.inotify.fd)


class Parts(unittest.TestCase):
    """Parts with a directory."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.path = made.name

    def service(self, **options):
        """A service of that directory."""
        made = Service(self.path, **options)
        self.addCleanup(made.close)
        return made

    def make(self, name):
        """Makes a directory."""
        os.makedirs(os.path.join(self.path, name))

    def write(self, name, content="x"):
        """Makes a file."""
        with open(os.path.join(self.path, name), "w") as out:
            out.write(content)

    def test_an_overflow_loses_everything(self):
        service = self.service()
        self.make("a/b")
        service.snapshot()
        self.assertEqual(service.watches.count(), 3)
        service.events.handle(-1, helper.Inotify.Q_OVERFLOW, b"", 0.0)
        self.assertEqual(service.wire.news(), [(helper.LOST, "/")])
        self.assertEqual(service.watches.count(), 0)
        service.wire.frames.clear()
        self.assertTrue(service.snapshot()["/a/b"][0])

    def test_beyond_the_limit_nothing_is_watched(self):
        service = self.service(limit=2)
        self.make("a/b/c")
        watched = {path: watched for path, (watched, _) in service.snapshot().items()}
        self.assertEqual(watched, {"/": True, "/a": True, "/a/b": False, "/a/b/c": False})

    def test_without_inotify_nothing_is_watched(self):
        service = self.service(limit=0)
        self.assertFalse(service.snapshot()["/"][0])

    def test_what_was_told_while_a_directory_was_read_is_read_again(self):
        service = self.service()
        self.make("a")
        read = helper.Snapshot._read
        service.made = False

        def race(snapshot, scan):
            read(snapshot, scan)
            if scan.path == b"/a" and not service.made:
                service.made = True
                self.write("a/late")
                self.make("a/deeper")
                service.wire.touched(b"/a")

        helper.Snapshot._read = race
        try:
            found = service.snapshot()
        finally:
            helper.Snapshot._read = read
        self.assertEqual(set(found["/a"][1]), {"late", "deeper"})
        self.assertIn("/a/deeper", found)

    def test_a_directory_that_goes_while_it_is_read_is_left_out(self):
        service = self.service()
        self.make("a")
        read = helper.Snapshot._read

        def race(snapshot, scan):
            read(snapshot, scan)
            if scan.path == b"/a":
                os.rename(os.path.join(self.path, "a"), os.path.join(self.path, "b"))
                service.wire.touched_below(b"/a")

        helper.Snapshot._read = race
        try:
            found = service.snapshot()
        finally:
            helper.Snapshot._read = read
        self.assertEqual(set(found), {"/"})
        self.assertIn((helper.LOST, "/a"), service.wire.news())

    def test_where_inotify_is_blind_directories_are_read_again(self):
        service = self.service()
        service.file_systems.is_blind = lambda device: True
        self.make("d")
        self.write("d/stays")
        self.write("d/goes")
        self.assertTrue(service.snapshot()["/d"][0])
        self.assertEqual(service.watches.count(), 0)
        service.poller.round()
        self.assertEqual(service.wire.news(), [])
        os.unlink(os.path.join(self.path, "d/goes"))
        self.write("d/stays", "longer")
        service.poller.round()
        told = service.wire.news()
        self.assertIn((helper.GONE, "/d/goes"), told)
        self.assertIn((helper.IS_NOW, "/d/stays"), told)
        os.rename(os.path.join(self.path, "d"), os.path.join(self.path, "e"))
        service.poller.round()
        self.assertIn((helper.LOST, "/d"), service.wire.news())

    def test_where_there_is_too_much_to_read_again_nothing_is_watched(self):
        service = self.service()
        service.file_systems.is_blind = lambda device: True
        many = {b"%d" % n: b"" for n in range(helper.POLLED_NAMES)}
        self.assertFalse(service.poller.keep(b"/", many))
        self.assertTrue(service.poller.keep(b"/x", dict(list(many.items())[:-10])))
        self.write("one")
        self.make("two")
        for n in range(10):
            self.write("two/%d" % n)
        watched = {path: watched for path, (watched, _) in service.snapshot().items()}
        self.assertEqual(watched, {"/": True, "/two": False})

    def test_a_cloud_is_listed_a_directory_at_a_time(self):
        service = self.service()
        service.file_systems.kind = lambda device: "fuse.drive"
        self.make("d")
        self.assertEqual(set(service.snapshot()), {"/"})
        self.assertIn("/d", service.snapshot("/d"))

    def test_another_file_system_that_is_blind_is_not_entered(self):
        service = self.service()
        self.make("d")
        seen = iter([False])  # of the directory that is asked for; all others are blind
        service.file_systems.is_blind = lambda device: next(seen, True)
        self.assertEqual(set(service.snapshot()), {"/"})

    def test_kinds_of_file_systems_are_known(self):
        kinds = helper.FileSystems()
        self.assertEqual(kinds.kind(os.stat("/proc").st_dev), "proc")
        self.assertFalse(kinds.is_blind(os.stat(self.path).st_dev))

    def test_rename_to_a_new_name_without_the_system_call(self):
        class Old:
            """A C library without it."""

        fd = os.open(self.path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        libc, helper.LIBC = helper.LIBC, Old()
        try:
            self.write("a")
            self.write("b")
            with self.assertRaises(FileExistsError):
                helper.rename_new(fd, b"a", fd, b"b")
            helper.rename_new(fd, b"a", fd, b"c")
            self.make("d")
            helper.rename_new(fd, b"d", fd, b"e")
        finally:
            helper.LIBC = libc
        self.assertEqual(set(os.listdir(self.path)), {"b", "c", "e"})

    def test_a_file_that_is_replaced_before_it_is_sent_is_left_out(self):
        service = self.service()
        self.write("file", "old")
        os.utime(os.path.join(self.path, "file"))
        settled = helper.settled
        helper.settled = lambda fd: os.fstat(fd)
        payload = struct.pack(">qI", 100, 1)
        contents = helper.Contents(service, 1, payload, text("/file"))
        end = contents._end

        def race(path, st, good):
            end(path, st, good)
            self.write("new", "other")
            os.rename(os.path.join(self.path, "new"), os.path.join(self.path, "file"))

        contents._end = race
        try:
            contents.run()
        finally:
            helper.settled = settled
        raw = opened(service.wire.frames[0][2])
        self.assertEqual(raw[-2:], bytes((helper.END, 1)))

    def test_numbers_beyond_what_is_sent_are_cut(self):
        class Odd:
            """A file from after the year 2262."""

            st_mode, st_uid, st_gid, st_nlink, st_size, st_ino = 0o100644, 0, 0, 1 << 33, 5, 7
            st_atime_ns = st_mtime_ns = st_ctime_ns = 1 << 65

        fields = helper.ATTRS.unpack(helper.packed(Odd))
        self.assertEqual(fields[3], 0xFFFFFFFF)
        self.assertEqual(fields[5], helper.I64_LIMIT)

    def test_paths_are_checked(self):
        self.assertEqual(helper.split(b"/"), [])
        self.assertEqual(helper.split(b"/a/b"), [b"a", b"b"])
        for bad in (b"", b"a", b"/..", b"/a/../b", b"/.", b"/a\0", b"/" + b"x" * 40_000):
            with self.assertRaises(OSError) as caught:
                helper.split(bad)
            self.assertEqual(caught.exception.errno, errno.EINVAL)
        with self.assertRaises(OSError) as caught:
            helper.split(b"/" + b"x" * 256)
        self.assertEqual(caught.exception.errno, errno.ENAMETOOLONG)

    def test_news_never_exceed_a_frame(self):
        wire = Sent()
        wire.tell([helper.news(helper.GONE, b"/" + b"x" * 20_000)] * 50)
        self.assertEqual(len(wire.news()), 50)
        for _, _, payload in wire.frames:
            self.assertLess(struct.unpack_from(">BI", payload)[1], helper.CHUNK_BYTES)


if __name__ == "__main__":
    unittest.main()
