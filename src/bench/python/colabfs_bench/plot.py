"""The plot: for each line of the table a bar for each mount, on a logarithmic scale, as SVG.

No background of its own, and text that follows the reader's light or dark scheme.
"""

import math
from html import escape

from .figures import say
from .report import link_text

WIDTH = 900
LABEL_WIDTH = 270
VALUE_WIDTH = 150
BAR = 11
GAP = 12
TOP = 64
# Told apart by colour-blind readers, and on white as on black (Okabe and Ito).
COLOURS = {"colabfs": "#0f8bd8", "sshfs": "#e69f00", "sshfs-tuned": "#d55e00", "rclone": "#009e73"}
LEAST_SECONDS = 0.001


class Scale:
    """Seconds to places, from a power of ten to a power of ten."""

    def __init__(self, longest):
        self.first = math.log10(LEAST_SECONDS)
        self.last = max(self.first + 1, math.ceil(math.log10(max(longest, LEAST_SECONDS))))

    def place(self, seconds):
        share = (math.log10(max(seconds, LEAST_SECONDS)) - self.first) / (self.last - self.first)
        return LABEL_WIDTH + share * (WIDTH - LABEL_WIDTH - VALUE_WIDTH)

    def marks(self):
        return [10 ** power for power in range(round(self.first), round(self.last) + 1)]


def plot(results):
    rows = []
    for line in results.figures:
        cells = {mount: one for mount, one in results.medians(line).items() if one and not one.error}
        if cells:
            rows.append((line.label, line.least.seconds(*results.link), cells))
    scale = Scale(max((_whole(one) for _, _, cells in rows for one in cells.values()), default=1))
    body = []
    y = TOP
    for label, limit, cells in rows:
        height = BAR * len(cells)
        body.append(_text(LABEL_WIDTH - 8, y + height / 2 + 4, label, anchor="end"))
        if limit >= LEAST_SECONDS:
            x = scale.place(limit)
            body.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 3}" y2="{y + height + 2}"/>')
        for number, (mount, one) in enumerate(cells.items()):
            top = y + number * BAR
            end = max(scale.place(_whole(one)), LABEL_WIDTH + 1)
            body.append(f'<rect x="{LABEL_WIDTH}" y="{top}" width="{end - LABEL_WIDTH:.1f}" height="{BAR - 2}" fill="{COLOURS[mount]}"'
                        + (' fill-opacity="0.55"' if one.over or one.part != one.whole else "") + "/>")
            body.append(_text(end + 5, top + 8, say(one), size=9))
        y += height + GAP
    title = f"{link_text(results.facts)}, medians of {results.facts['rounds']}; shorter is better"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 4}" width="{WIDTH}" font-family="sans-serif">',
        f"<title>{escape(title)}</title>",
        "<style>text{fill:#24292f}.grid{stroke:#8c959f;stroke-opacity:.35}.limit{stroke:#24292f;stroke-width:2}"
        "@media(prefers-color-scheme:dark){text{fill:#d0d7de}.limit{stroke:#d0d7de}}</style>",
        *_grid(scale, y), *_head(title, results.facts["mounts"]), *body, "</svg>", ""])


def _grid(scale, bottom):
    parts = []
    for mark in scale.marks():
        x = scale.place(mark)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}"/>')
        parts.append(_text(x, TOP - 14, f"{mark * 1e3:g} ms" if mark < 1 else f"{mark:g} s", "middle", 10))
    return parts


def _head(title, labels):
    parts = [_text(12, 18, title, size=13)]
    x = 12
    for mount, label in labels.items():
        parts.append(f'<rect x="{x}" y="27" width="11" height="11" fill="{COLOURS[mount]}"/>' + _text(x + 16, 37, label))
        x += 36 + 7 * len(label)
    parts.append(f'<line class="limit" x1="{x + 5}" x2="{x + 5}" y1="26" y2="40"/>' + _text(x + 12, 37, "the link alone"))
    return parts


def _whole(one):
    """What a scaled work would take in full: its bar is pale, and says what was done."""
    return one.seconds * one.whole / one.part


def _text(x, y, text, anchor="start", size=11):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
