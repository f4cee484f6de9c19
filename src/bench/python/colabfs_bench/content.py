"""What the runtime serves, the same in every run: a checkout with its history, a large directory, large files.

The checkout is made by git itself (fast-import) from seeded dice: 536 files, of which nine in ten are small sources, and
with .git about 60 MB. Text compresses as text does, images and old models do not.
"""

import hashlib
import io
import os
import random
import shutil
import tarfile
import tempfile
import time
import zlib

from .processes import run

MEGABYTE = 1_000_000
CHECKOUT_FILES = 536
SMALL_SHARE = 0.9
HISTORY_BYTES = 45 * MEGABYTE
MANY_FILES = 5_000
LARGE_BYTES = 256 * MEGABYTE
READ_BYTES = 64 * MEGABYTE
REWRITE_BYTES = 64 * MEGABYTE
REWRITE_CHANGED_BYTES = REWRITE_BYTES // 100
REWRITE_PLACES = 40
WRITE_BYTES = (16 * MEGABYTE, 64 * MEGABYTE)
ARCHIVE_FILES = 600
ARCHIVE_DIRECTORY_FILES = 20
KNOWN_FILES = 10_000
GIGABYTE = 1_000 * MEGABYTE
MILLION_DIRECTORIES = 10_000
MILLION_DIRECTORY_FILES = 100
COMMITS = 40

WORDS = ("self", "return", "value", "index", "buffer", "length", "path", "open", "read", "close", "append", "range", "result",
         "batch", "model", "layer", "weight", "gradient", "tensor", "loss", "epoch", "shape", "config", "update", "if", "for")


def source(dice, size):
    """Text that looks, and compresses, like a program."""
    lines = []
    left = size
    while left > 0:
        indent = "    " * dice.randrange(1, 4)
        line = f"{indent}{dice.choice(WORDS)}_{dice.choice(WORDS)} = {dice.choice(WORDS)}({dice.choice(WORDS)}, {dice.randrange(1000)})\n"
        lines.append(line)
        left -= len(line)
    return "".join(lines).encode()


def checkout_files(dice):
    """Names and contents of the sources at the last commit."""
    files = {}
    small = int(CHECKOUT_FILES * SMALL_SHARE)
    for number in range(CHECKOUT_FILES):
        place = f"package{number % 12}/module{number % 48:02}"
        if number < small:
            size = min(40_000, max(300, int(dice.lognormvariate(8.6, 0.9))))
            files[f"{place}/source_{number:03}.py"] = source(dice, size)
        elif number % 2:
            files[f"{place}/fixture_{number:03}.json"] = source(dice, dice.randrange(60_000, 200_000))
        else:
            files[f"{place}/figure_{number:03}.png"] = dice.randbytes(dice.randrange(20_000, 60_000))
    return files


class Content:
    """Made once, below a directory: root is served, local has what is written into mounts."""

    def __init__(self, directory):
        self.root = os.path.join(directory, "content")
        self.local = os.path.join(directory, "local")
        os.mkdir(self.root)
        os.mkdir(self.local)
        self.git_config = os.path.join(self.local, "gitconfig")
        with open(self.git_config, "w", encoding="utf-8") as file:
            file.write("[user]\n\tname = Bench\n\temail = bench@example.org\n[safe]\n\tdirectory = *\n"
                       "[gc]\n\tauto = 0\n[pack]\n\tthreads = 1\n[init]\n\tdefaultBranch = main\n")
        dice = random.Random(2)
        self._make_checkout(dice)
        self._make_many()
        self.archives = {}
        self._reference = {}
        self._in_memory = {}
        self._million_bytes = 0
        self._measure()

    def git_environment(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment.update(GIT_CONFIG_GLOBAL=self.git_config, GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0", LC_ALL="C.UTF-8")
        return environment

    def git(self, *arguments, **more):
        return run("git", *arguments, env=self.git_environment(), **more)

    def _make_checkout(self, dice):
        self.checkout = os.path.join(self.root, "checkout")
        self.bare = os.path.join(self.local, "origin.git")
        self.files = checkout_files(dice)
        self.git("init", "-q", "--bare", self.bare)
        self.git("-C", self.bare, "fast-import", "--quiet", input=b"".join(self._history(dice)))
        self.git("-C", self.bare, "repack", "-adq")
        self.git("clone", "-q", "file://" + self.bare, self.checkout)
        # The files are older than the index, as they are but for a moment after a checkout; else git reads them again.
        old = time.time() - 86_400
        for name in self.files:
            os.utime(os.path.join(self.checkout, name), (old, old))
        self.git("-C", self.checkout, "update-index", "-q", "--refresh")
        self._index = os.path.join(self.checkout, ".git", "index")
        shutil.copy2(self._index, os.path.join(self.local, "index"))

    def _history(self, dice):
        """Commits that change some sources each; models that were checked in and thrown out make .git what it is."""
        earlier = dict(self.files)
        model = HISTORY_BYTES // COMMITS
        when = 1_700_000_000
        for number in range(COMMITS):
            yield f"commit refs/heads/main\nmark :{number + 1}\ncommitter Bench <bench@example.org> {when + number * 3600} +0000\n".encode()
            message = f"Change some of it, part {number}".encode()
            yield b"data %d\n%s\n" % (len(message), message)
            last = number == COMMITS - 1
            if number == 0 or last:
                changed = earlier
            else:
                changed = dict.fromkeys(dice.sample(sorted(earlier), 12))
            for name in changed:
                content = earlier[name] if last else earlier[name] + b"# draft %d\n" % number
                yield f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n"
            if last:
                yield b"D model.bin\n"
            else:
                yield f"M 100644 inline model.bin\ndata {model}\n".encode() + dice.randbytes(model) + b"\n"

    def restore(self):
        """Undoes what a work left on the runtime. git status writes the index, with what it saw through the mount."""
        for name in os.listdir(self.root):
            if name.startswith("work"):
                path = os.path.join(self.root, name)
                if os.path.isdir(path):
                    shutil.rmtree(path)
                else:
                    os.remove(path)
        shutil.copy2(os.path.join(self.local, "index"), self._index + ".new")
        os.replace(self._index + ".new", self._index)

    def _make_many(self):
        self.many = os.path.join(self.root, "many")
        os.mkdir(self.many)
        for number in range(MANY_FILES):
            with open(os.path.join(self.many, f"image_{number:05}.txt"), "w", encoding="utf-8") as file:
                file.write(str(number))

    def served(self, name, size):
        """A large file on the runtime; its path."""
        return ensure_file(os.path.join(self.root, name), size)

    def write(self, size):
        """A local file to be written into mounts; its path."""
        return ensure_file(os.path.join(self.local, f"write{size}.bin"), size)

    def rewritable(self):
        """A file on the runtime that is to be written anew, as it was before."""
        shutil.copyfile(self.write(REWRITE_BYTES), os.path.join(self.root, "work_rewritten.bin"))

    def rewritten(self):
        """A local file like that one, but for a hundredth of it at places all over it; its path."""
        path = os.path.join(self.local, "rewritten.bin")
        if not os.path.exists(path):
            shutil.copyfile(self.write(REWRITE_BYTES), path + ".new")
            dice = random.Random(7)
            with open(path + ".new", "r+b") as file:
                for number in range(REWRITE_PLACES):
                    file.seek(number * (REWRITE_BYTES // REWRITE_PLACES))
                    file.write(dice.randbytes(REWRITE_CHANGED_BYTES // REWRITE_PLACES))
            os.rename(path + ".new", path)
        return path

    def archive(self, count):
        """A tar of small sources: its path, and names and sizes of its files."""
        if count not in self.archives:
            dice = random.Random(count)
            path = os.path.join(self.local, f"archive{count}.tar")
            files = {}
            with tarfile.open(path, "w") as tar:
                for number in range(count):
                    name = f"work_untar/part{number // ARCHIVE_DIRECTORY_FILES:02}/source_{number:03}.py"
                    content = source(dice, dice.randrange(200, 12_000))
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    member.mtime = 1_700_000_000
                    tar.addfile(member, io.BytesIO(content))
                    files[name] = content
            self.archives[count] = (path, files)
        return self.archives[count]

    def archive_bytes(self):
        return squeezed(b"".join(self.archive(ARCHIVE_FILES)[1].values()))

    @property
    def million_bytes(self):
        """Names and numbers of the million files; those that follow each other squeeze well, whatever the program."""
        if not self._million_bytes:
            self._million_bytes = squeezed(listing(self._in_memory["million"]))
        return self._million_bytes

    def _measure(self):
        """What the link has to carry at least, compressed as any program could: bytes."""
        self.listing_bytes = squeezed(listing(self.checkout))
        self.many_listing_bytes = squeezed(listing(self.many))
        self.sources_bytes = squeezed(b"".join(self.files[name] for name in sorted(self.files)))
        with open(self._index, "rb") as file:
            self.index_bytes = squeezed(file.read())
        packs = os.path.join(self.checkout, ".git", "objects", "pack")
        self.pack_bytes = sum(os.path.getsize(os.path.join(packs, name)) for name in os.listdir(packs) if name.endswith(".pack"))
        digest = hashlib.sha256()
        for name in sorted(self.files, key=lambda name: os.path.join(self.checkout, name)):
            digest.update(self.files[name])
        self.sources_digest = digest.hexdigest()

    def reference_clone(self):
        """Names and sizes of what a clone of the origin has; its config may differ with the abilities of the file system."""
        if not self._reference:
            top = os.path.join(self.local, "clone")
            self.git("clone", "-q", "file://" + self.bare, top)
            for directory, _, files in os.walk(top):
                for name in files:
                    path = os.path.join(directory, name)
                    self._reference[os.path.relpath(path, top)] = os.path.getsize(path)
            del self._reference[".git/config"]
            shutil.rmtree(top)
        return self._reference

    def apart(self, name, make):
        """A directory that is served apart from the rest, made when it is first wanted."""
        top = os.path.join(self.local, name)
        if not os.path.isdir(top):
            os.mkdir(top)
            make(top)
        return top

    def in_memory(self, name, make):
        if name not in self._in_memory:
            memory = "/dev/shm"
            top = tempfile.mkdtemp(prefix="colabfs-bench-", dir=memory if os.access(memory, os.W_OK) else self.local)
            self._in_memory[name] = top
            make(top)
        return self._in_memory[name]

    def close(self):
        """Removes what is not below the directory."""
        for top in self._in_memory.values():
            shutil.rmtree(top, ignore_errors=True)


def make_known(top):
    make_tree(top, KNOWN_FILES // 100, 100)


def make_gigabyte(top):
    ensure_file(os.path.join(top, "gigabyte.bin"), GIGABYTE)


def make_million(top):
    make_tree(top, MILLION_DIRECTORIES, MILLION_DIRECTORY_FILES)


def ensure_file(path, size):
    """A file that nothing can squeeze, made when it is first wanted."""
    if not os.path.exists(path):
        dice = random.Random(os.path.basename(path))
        with open(path, "wb") as file:
            for start in range(0, size, MEGABYTE):
                file.write(dice.randbytes(min(MEGABYTE, size - start)))
    return path


def make_tree(top, directories, files):
    """Empty files: what is measured is their names and attributes."""
    for directory in range(directories):
        place = os.path.join(top, f"directory_{directory:05}")
        os.mkdir(place)
        for number in range(files):
            os.mknod(os.path.join(place, f"file_{number:03}.txt"), 0o644)


def listing(top):
    """Names, sizes and times of everything below a directory, as text: what a listing has to say at least."""
    lines = []
    for directory, names, files in os.walk(top):
        names.sort()
        for name in sorted(files):
            facts = os.lstat(os.path.join(directory, name))
            lines.append(f"{name} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns} {facts.st_ino}\n")
    return "".join(lines).encode()


def squeezed(content):
    return len(zlib.compress(content))
