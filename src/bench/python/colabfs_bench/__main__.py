"""Compares colabfs with sshfs and rclone over one long, narrow link.

One OpenSSH server on 127.0.0.1 behind a relay that adds the round trip and bounds the rate. Each work begins with a fresh
mount that has nothing kept; the programs take turns; what comes out is compared with what the runtime has. Printed are the
medians of all rounds, how many times as long as colabfs the others take, and what the link alone needs (round trips that
cannot be avoided, RT, and bytes at its rate). A work that is over its limit is shown as "> N s".

sshfs is the system's own, as it comes, and tuned (dcache_timeout=600, entry_timeout=60, attr_timeout=60, kernel_cache,
max_conns=4); rclone mounts with --vfs-cache-mode full.
"""

import argparse
import contextlib
import datetime
import json
import os
import shlex
import shutil
import signal
import sys
import tempfile

from . import mounts, report
from .content import Content
from .figures import say as say_value
from .plot import plot
from .processes import Wrong
from .report import Line, Results
from .runtime import Runtime
from .session import Session, Stopped
from .works import WORKS

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))))
LIMIT = 300
QUICK_LIMIT = 60


def main():
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if given.redraw:
        with open(given.redraw, encoding="utf-8") as file:
            results = Results.from_json(json.load(file))
        present(results, given)
        return 0
    results = Results()
    try:
        measure(given, results)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        # also what an interrupted run has measured
        if results.measured:
            present(results, given)
    return 1 if any(one.error and one.mount == "colabfs" for one in results.measured) else 0


def present(results, given):
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(results.as_json(), file, indent=1)
    if given.plot:
        with open(given.plot, "w", encoding="utf-8") as file:
            file.write(plot(results))
    print(report.headline(results) + "\n")
    print(report.figures_table(results) + "\n")
    print(report.costs_table(results))
    for line in report.failures(results):
        print("failed: " + line, file=sys.stderr)


def measure(given, results):
    """Adds to the results as it goes, and removes all that it has made and started, whatever happens."""
    works = [work for work in WORKS if (work.name in given.only if given.only else not work.optional)]
    with contextlib.ExitStack() as end:
        directory = os.path.realpath(tempfile.mkdtemp(prefix="colabfs-bench-"))
        end.callback(shutil.rmtree, directory, ignore_errors=True)
        say(f"making what is served, in {directory}")
        content = Content(directory)
        end.callback(content.close)
        for work in works:
            work.prepare(content)  # all of them: the first round finds what the last one does
        runtime = Runtime(directory, given.rtt, given.rate)
        end.callback(runtime.close)
        mounts.Colabfs.launcher = given.colabfs
        kinds = [mounts.MOUNTS[name](runtime, directory) for name in given.mounts]
        for kind in kinds:
            end.callback(kind.kill)
        for sign in (signal.SIGINT, signal.SIGTERM):
            end.callback(signal.signal, sign, signal.SIG_IGN)  # a second Ctrl-C does not end the cleaning
        versions = report.versions()
        versions.update((kind.name, kind.version) for kind in kinds if kind.name == "colabfs")
        results.facts = {
            "date": datetime.date.today().isoformat(), "command": shlex.join(["scripts/bench", *sys.argv[1:]]),
            "machine": report.machine(), "versions": versions, "rtt_ms": given.rtt, "rate_mbit": given.rate,
            "rounds": given.rounds, "mounts": {kind.name: kind.label for kind in kinds},
        }
        for number in range(1, given.rounds + 1):
            for work in works:
                for kind in kinds:
                    if work.mounts and kind.name not in work.mounts:
                        continue
                    if given.quick and was_over(work, kind, results):
                        say(f"round {number}, {work.name}, {kind.label}: was over its limit before")
                        continue
                    one(work, kind, content, number, given, results)


def was_over(work, kind, results):
    names = {figure.name for figure in work.figures}
    return any(value.over for value in results.measured if value.mount == kind.name and value.figure in names)


def known_figures(before, work, content):
    """With those of a work, once; what the link needs is known when the content is there."""
    names = {line.name for line in before}
    return before + [Line(figure.name, figure.label, figure.least(content)) for figure in work.figures if figure.name not in names]


def one(work, kind, content, number, given, results):
    """One work in one mount in one round. What went wrong is in the results, too."""
    content.restore()
    root = work.prepare(content)
    session = Session(kind, content, root, work.name, number, given.limit, given.quick)
    try:
        with session:
            work.body(session)
    except Stopped:
        pass
    except Wrong as e:
        session.fail(work.figures[0].name, str(e))
    results.figures = known_figures(results.figures, work, content)
    results.measured += session.measured
    results.costs += [session.cost] if session.cost else []
    shown = ", ".join(f"{value.figure} {say_value(value)}" for value in session.measured)
    say(f"round {number}, {work.name}, {kind.label}: {shown}")


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def names_of(kind, known):
    def parse(text):
        names = text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"no {kind} is called {unknown[0]}; there are {', '.join(known)}")
        return names
    return parse


def arguments():
    known_works = [work.name for work in WORKS]
    optional = ", ".join(work.name for work in WORKS if work.optional)
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rtt", type=float, default=80, help="milliseconds (80)")
    parser.add_argument("--rate", type=float, default=50, help="megabit/s in each direction; 0 for no limit (50)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each work is done (3)")
    parser.add_argument("--only", type=names_of("work", known_works), default=[], metavar="WORK,...",
                        help=f"these works alone: {', '.join(known_works)}; when not asked for, {optional} are left out")
    parser.add_argument("--mounts", type=names_of("mount", mounts.MOUNTS), default=list(mounts.MOUNTS), metavar="MOUNT,...",
                        help=f"these alone, in this order: {', '.join(mounts.MOUNTS)}")
    parser.add_argument("--quick", action="store_true",
                        help=f"a tenth of the files to untar for sshfs, which is shown; a limit of {QUICK_LIMIT} s; and what was "
                             "over its limit in one round is not tried in the next")
    parser.add_argument("--limit", type=float, help=f"seconds that one work may take ({LIMIT})")
    parser.add_argument("--json", metavar="FILE", help="writes everything that was measured")
    parser.add_argument("--plot", metavar="FILE.svg", help="draws it")
    parser.add_argument("--redraw", metavar="FILE", help="measures nothing: shows and draws what --json has written")
    parser.add_argument("--colabfs", metavar="PROGRAM", default=os.path.join(PROJECT, "scripts", "colabfs"),
                        help="the colabfs to measure (this project's)")
    given = parser.parse_args()
    given.limit = given.limit or (QUICK_LIMIT if given.quick else LIMIT)
    if given.rounds < 1 or given.rtt < 0 or given.rate < 0:
        parser.error("--rounds is at least 1, --rtt and --rate are at least 0")
    return given


if __name__ == "__main__":
    sys.exit(main())
