"""What is done in a mount. Each work begins with a fresh mount that has nothing kept, and checks what came out.

least is what the link needs however it is done: round trips that cannot be avoided, and bytes that must pass it,
compressed where they can be. Half a round trip is the way of a change to the other side.
"""

import contextlib
import os
import random
import statistics
import sys
from dataclasses import dataclass

from . import content as sizes
from .figures import Figure, Least
from .processes import Wrong, run, until
from .session import INSIDE, Stopped, holds, same_as

RANDOM_READS = 60
RANDOM_BYTES = 4096
SAVES = 3
RUNS = 5
# TCP, versions with key proposals, key exchange, login, channel, SFTP's own versions (RFC 4253, 4252, 4254).
MOUNT_ROUND_TRIPS = 6


@dataclass(frozen=True)
class Work:
    """prepare makes what the work needs on the runtime, and returns the directory to mount. Optional works run when they are
    asked for, on the mounts that are named, if any are."""

    name: str
    body: object
    figures: tuple
    prepare: object = lambda content: content.root
    optional: bool = False
    mounts: tuple = ()


def find(s):
    # what the size of a directory is differs between file systems
    command = ("find", "checkout", "(", "-type", "d", "-printf", "d %p\\n", ")", "-o", "-printf", "%y %s %p\\n")
    expect = run(*command, cwd=s.root).splitlines()

    def once(figure):
        with s.measuring(figure):
            s.record(figure, s.command(*command, expect=expect).seconds)
    thrice(s, "find", once)


def status(s):
    def once(figure):
        with s.measuring(figure):
            s.record(figure, s.command("git", "-C", "checkout", "status", "--porcelain", expect=[]).seconds)
    thrice(s, "status", once)


def grep(s):
    command = ("grep", "-r", "--exclude-dir=.git", "-c", "gradient_tensor", "checkout")
    expect = run(*command, cwd=s.root).splitlines()

    def once(figure):
        with s.measuring(figure):
            s.record(figure, s.command(*command, expect=expect).seconds)
    thrice(s, "grep", once)


def thrice(s, name, once):
    """For the first time, again, and again after umount and mount."""
    once(name)
    once(name + "-again")
    with s.measuring(name + "-remount"):
        s.remount()
    once(name + "-remount")


def ls(s):
    expect = run("ls", "-l", "--time-style=+%s", "many", cwd=s.root).splitlines()
    with s.measuring("ls"):
        ended = s.command("ls", "-l", "--time-style=+%s", "many")
        # name, time and size; owners may be mapped
        picked = [[line.split()[4:] for line in lines[1:]] for lines in (ended.output.splitlines(), expect)]
        if picked[0] != picked[1]:
            raise Wrong("ls -l shows other files than the runtime has")
        s.record("ls", ended.seconds)


def ide(s):
    with s.measuring("ide"):
        _, seconds, found = s.inside("index", "checkout")
        everything = sum(len(files) for _, _, files in os.walk(s.content.checkout))
        if found != [str(everything), s.content.sources_digest]:
            raise Wrong(f"{found[0]} files instead of {everything}, or another content")
        s.record("ide", seconds)


def save(s):
    returned, arrived = [], []
    with s.measuring("save"):
        s.command("cat", "work_saved.py")
    for number in range(SAVES):
        text = f"saved = {number}\n"
        with s.measuring("save"):
            began, seconds, _ = s.inside("save", "work_saved.py", text)
            returned.append(seconds)
        with s.measuring("save-remote"):
            arrived.append(max(s.arrives({"work_saved.py": holds(text.encode())}) - began, seconds))
    s.record("save", statistics.median(returned))
    s.record("save-remote", statistics.median(arrived))


def save_and_run(s):
    with s.measuring("exec"):
        s.command("cat", "work_run.sh")
        began, _, _ = s.inside("save", "work_run.sh", "echo edited here\n")
        command, environment = s.mount.exec("sh", os.path.join(s.root, "work_run.sh"))

        def ran():
            return s.command(*command, environment=environment).output == b"edited here\n"
        s.record("exec", until(ran, s.limit) - began)


def run_nothing(s):
    """Of several runs the one in the middle, after one that does not count."""
    with s.measuring("run"):
        command, environment = s.mount.exec("true")
        took = [s.command(*command, environment=environment).seconds for _ in range(RUNS + 1)]
        s.record("run", statistics.median(took[1:]))


def untar(s):
    whole = sizes.ARCHIVE_FILES
    count = s.scaled(whole)
    archive, files = s.content.archive(count)
    top = os.path.join(s.root, "work_untar")
    returns_then_remote(s, "untar", ("tar", "--no-same-owner", "--no-same-permissions", "-xf", archive),
                        lambda: s.arrives({name: holds(content) for name, content in files.items()}), count, whole)
    returns_then_remote(s, "rm", ("rm", "-rf", "work_untar"), lambda: until(lambda: not os.path.exists(top), s.limit), count, whole)


def clone(s):
    reference = s.content.reference_clone()
    arriving = {os.path.join("work_clone", name): size_is(size) for name, size in reference.items()}

    def arrives():
        arrived = s.arrives(arriving)
        there = os.path.join(s.root, "work_clone")
        s.content.git("-C", there, "fsck", "--no-progress")
        if s.content.git("--no-optional-locks", "-C", there, "status", "--porcelain"):
            raise Wrong("the clone on the runtime is not clean")
        return arrived
    returns_then_remote(s, "clone", ("git", "clone", "-q", "file://" + s.content.bare, "work_clone"), arrives)


def returns_then_remote(s, figure, command, arrives, part=1, whole=1):
    """A command that changes something: when it has ended, and when all of it is on the runtime, which is never earlier."""
    with s.measuring(figure, part, whole):
        ended = s.command(*command)
        s.record(figure, ended.seconds, part, whole)
    with s.measuring(figure + "-remote", part, whole):
        s.record(figure + "-remote", max(arrives() - ended.began, ended.seconds), part, whole)


def read(s):
    with s.measuring("read"):
        s.record("read", s.command("cmp", "read.bin", os.path.join(s.root, "read.bin")).seconds)


def write(size):
    return lambda s: copy_in(s, f"write{size // sizes.MEGABYTE}", s.content.write(size))


def copy_in(s, figure, local):
    returns_then_remote(s, figure, ("cp", local, "work_written.bin"), lambda: s.arrives({"work_written.bin": same_as(local)}))


def rewrite(s):
    local = s.content.rewritten()
    returns_then_remote(s, "rewrite", ("cp", local, "work_rewritten.bin"),
                        lambda: s.arrives({"work_rewritten.bin": same_as(local)}))


def random_reads(s):
    dice = random.Random(4)
    offsets = [dice.randrange(sizes.LARGE_BYTES // RANDOM_BYTES) * RANDOM_BYTES for _ in range(RANDOM_READS)]
    expect = run(sys.executable, "-S", "-E", INSIDE, "blocks", "large.bin", RANDOM_BYTES, *offsets, cwd=s.root).split()[2]
    with s.measuring("random"):
        _, seconds, found = s.inside("blocks", "large.bin", RANDOM_BYTES, *offsets)
        if found != [expect.decode()]:
            raise Wrong("other bytes than the runtime has")
        s.record("random", seconds)


def seen(s):
    def path(name):
        return os.path.join(s.root, "work_seen", name)

    def create():
        os.rename(os.path.join(s.content.local, "created.txt"), path("created.txt"))

    def append():
        with open(path("appended.txt"), "a", encoding="utf-8") as file:
            file.write(" after")

    with open(os.path.join(s.content.local, "created.txt"), "w", encoding="utf-8") as file:
        file.write("created there")
    for what, change, expect in (("created", create, "created there"), ("appended", append, "before after"),
                                 ("deleted", lambda: os.remove(path("deleted.txt")), "")):
        try:
            s.sees("seen-" + what, what, f"work_seen/{what}.txt", change, expect)
        except Stopped:
            continue  # the next change may be seen all the same


def mounting(s):
    with s.measuring("mount"):
        s.command("ls", expect=[name.encode() for name in os.listdir(s.root)])
        s.record("mount", s.mount_seconds)
    with s.measuring("remount"):
        seconds = s.remount()
        s.command("ls", expect=[name.encode() for name in os.listdir(s.root)])
        s.record("remount", seconds)


def known(s):
    with s.measuring("stat"):
        _, seconds, found = s.inside("known", ".", 3)
        if found != [str(sizes.KNOWN_FILES)]:
            raise Wrong(f"{found} files instead of {sizes.KNOWN_FILES}")
        s.record("stat", seconds)


def gigabyte(s):
    local = os.path.join(s.root, "gigabyte.bin")
    with s.measuring("gigabyte-read"):
        s.record("gigabyte-read", s.command("cmp", "gigabyte.bin", local).seconds)
    copy_in(s, "gigabyte-write", local)


def million(s):
    s.record("million-mount", s.mount_seconds)
    with s.measuring("million-find"):
        ended = s.command("find", ".", "-type", "f", "-printf", "%s %P\\n")
        expect = {b"0 directory_%05d/file_%03d.txt" % (directory, number)
                  for directory in range(sizes.MILLION_DIRECTORIES) for number in range(sizes.MILLION_DIRECTORY_FILES)}
        lines = ended.output.splitlines()
        if len(lines) != len(expect) or set(lines) != expect:
            raise Wrong(f"find printed {len(lines)} files instead of {len(expect)}, or others")
        s.record("million-find", ended.seconds)


def size_is(size):
    return lambda path: os.stat(path).st_size == size


def always(*least):
    return lambda content: Least(*least)


def with_file(name, text):
    """A file that is on the runtime before it is mounted."""
    def prepare(content):
        path = os.path.join(content.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return content.root
    return prepare


def with_large(name, size):
    def prepare(content):
        content.served(name, size)
        return content.root
    return prepare


def with_rewritable(content):
    content.rewritable()
    return content.root


def with_seen(content):
    with_file("work_seen/deleted.txt", "before")(content)
    return with_file("work_seen/appended.txt", "before")(content)


def with_known(content):
    top = content.apart("known", sizes.make_known)
    began, ended = run(sys.executable, "-S", "-E", INSIDE, "known", top, 3).split()[:2]
    content.known_seconds = float(ended) - float(began)
    return top


def with_gigabyte(content):
    top = content.apart("gigabyte", sizes.make_gigabyte)
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(top, "work_written.bin"))
    return top


def with_million(content):
    """In memory, if the system has such a directory: a disk's own file system may have no room for so many names."""
    return content.in_memory("million", sizes.make_million)


def thrice_figures(name, what, first):
    """The lines of a work that is done three times. Mounted anew, it takes one question whether what was kept still holds."""
    return (Figure(name, f"first {what}", first), Figure(name + "-again", f"second {what}", always()),
            Figure(name + "-remount", f"{what} after umount and mount", always(1)))


def both_figures(name, what, remote):
    return (Figure(name, f"{what}: returns", always()), Figure(name + "-remote", f"{what}: is remote", remote))


WORKS = (
    Work("mount", mounting, (
        Figure("mount", "mount", always(MOUNT_ROUND_TRIPS)),
        Figure("remount", "mount again", always(MOUNT_ROUND_TRIPS)))),
    Work("find", find, thrice_figures("find", "find", lambda c: Least(1, c.listing_bytes))),
    Work("status", status, thrice_figures("status", "git status", lambda c: Least(2, c.listing_bytes + c.index_bytes))),
    Work("grep", grep, thrice_figures("grep", "grep -r", lambda c: Least(2, c.listing_bytes + c.sources_bytes))),
    Work("ls", ls, (Figure("ls", "ls -l of 5,000 files", lambda c: Least(1, c.many_listing_bytes)),)),
    Work("ide", ide, (Figure("ide", "IDE opens: stat all, read all sources", lambda c: Least(2, c.listing_bytes + c.sources_bytes)),)),
    Work("save", save, both_figures("save", "editor save", always(0.5)), with_file("work_saved.py", "before = 1\n")),
    Work("exec", save_and_run, (Figure("exec", "save, then run it there", always(1)),), with_file("work_run.sh", "echo before\n")),
    Work("run", run_nothing, (Figure("run", "run true there", always(1)),)),
    Work("untar", untar, both_figures("untar", f"untar {sizes.ARCHIVE_FILES} files", lambda c: Least(0.5, c.archive_bytes()))
         + both_figures("rm", f"rm -rf of {sizes.ARCHIVE_FILES} files", always(0.5))),
    Work("clone", clone, both_figures("clone", "git clone into it", lambda c: Least(0.5, c.pack_bytes + c.sources_bytes))),
    Work("read", read, (Figure("read", "read 64 MB", always(1, sizes.READ_BYTES)),),
         with_large("read.bin", sizes.READ_BYTES)),
    *(Work(f"write{size // sizes.MEGABYTE}", write(size),
           both_figures(f"write{size // sizes.MEGABYTE}", f"write {size // sizes.MEGABYTE} MB", always(0.5, size)))
      for size in sizes.WRITE_BYTES),
    Work("rewrite", rewrite, both_figures("rewrite", "rewrite 64 MB, 1 % changed", always(0.5, sizes.REWRITE_CHANGED_BYTES)),
         with_rewritable),
    Work("random", random_reads, (
        Figure("random", "60 random reads of 4 KiB", always(RANDOM_READS, RANDOM_READS * RANDOM_BYTES)),),
         with_large("large.bin", sizes.LARGE_BYTES)),
    Work("seen", seen, tuple(Figure("seen-" + what, f"{what} there, seen here", always(0.5))
                             for what in ("created", "appended", "deleted")), with_seen),
    Work("stat", known, (Figure("stat", "stat of 10,000 known files", lambda c: Least(local_seconds=c.known_seconds)),), with_known, True),
    Work("gigabyte", gigabyte, (
        Figure("gigabyte-read", "read 1 GB", always(1, sizes.GIGABYTE)),
        *both_figures("gigabyte-write", "write 1 GB", always(0.5, sizes.GIGABYTE))), with_gigabyte, True),
    Work("million", million, (
        Figure("million-mount", "mount of 1,000,000 files", always(MOUNT_ROUND_TRIPS)),
        Figure("million-find", "find of 1,000,000 files", lambda c: Least(1, c.million_bytes))), with_million, True, ("colabfs",)),
)
