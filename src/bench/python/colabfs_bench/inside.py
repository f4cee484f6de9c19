"""The small programs that run in a mount, where a command of every system would not say precisely when.

They print the moments when they began and ended (time.monotonic, which is the same clock for all processes), then
what they found, so that the time that Python takes to start does not count.
"""

import hashlib
import os
import sys
import time


def save(path, text):
    """As an editor does it: a new file beside the old one, on the disk, then in its place."""
    began = time.monotonic()
    beside = path + ".new~"
    with open(beside, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(beside, path)
    tell(began)


def look(what, path):
    """Says that it has looked, and then when it sees a file that was created, appended to or deleted."""
    before = size(path)
    print("ready", before, flush=True)
    changed = {
        "created": lambda now: now >= 0,
        "appended": lambda now: now > before,
        "deleted": lambda now: now < 0,
    }[what]
    while not changed(size(path)):
        time.sleep(0.001)
    seen = time.monotonic()
    content = ""
    if what != "deleted":
        with open(path, encoding="utf-8") as file:
            content = file.read()
    print(seen, content, flush=True)


def size(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return -1


def blocks(path, length, *offsets):
    """Reads at places of a large file, without read-ahead by this program."""
    digest = hashlib.sha256()
    began = time.monotonic()
    fd = os.open(path, os.O_RDONLY)
    for offset in offsets:
        digest.update(os.pread(fd, int(length), int(offset)))
    os.close(fd)
    tell(began, digest.hexdigest())


def index(top):
    """As an IDE that opens a project: attributes of everything, then the content of all sources."""
    began = time.monotonic()
    count = 0
    sources = []
    for directory, names, files in os.walk(top):
        names.sort()
        for name in files:
            os.lstat(os.path.join(directory, name))
            count += 1
        if ".git" not in directory.split("/"):
            sources += [os.path.join(directory, name) for name in files]
    digest = hashlib.sha256()
    for path in sorted(sources):
        with open(path, "rb") as file:
            digest.update(file.read())
    tell(began, count, digest.hexdigest())


def known(top, rounds):
    """Attributes of files that were looked at before: the time of the quickest of some rounds."""
    paths = [os.path.join(directory, name) for directory, _, files in os.walk(top) for name in files]
    for path in paths:
        os.lstat(path)
    best = None
    for _ in range(int(rounds)):
        began = time.monotonic()
        for path in paths:
            os.lstat(path)
        ended = time.monotonic()
        if best is None or ended - began < best[1] - best[0]:
            best = (began, ended)
    print(*best, len(paths), flush=True)


def tell(began, *found):
    print(began, time.monotonic(), *found, flush=True)


PROGRAMS = {"save": save, "look": look, "blocks": blocks, "index": index, "known": known}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
