"""Subjects (figures.py) as text for the terminal, as Markdown within a document, and as plots."""
import math
import os
import platform
import re
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "performance"


def columns(subject):
    names = []
    for row in subject.rows:
        names += [name for name in row.cells if name not in names]
    return names


def lines_of(subject):
    """The head and the rows, as lists of texts."""
    names = columns(subject)
    others = names[1:] if subject.has_ratios else []
    yield ["case", *names, *(f"ratio to {name}" for name in others), "goal"]
    for row in subject.rows:
        cells = [row.cells[name].text() if name in row.cells else "" for name in names]
        ratios = [f"{row.ratio(name):.2f}" if name in row.cells else "" for name in others]
        goals = ", ".join(goal.text() + (" ✓" if goal.is_reached(value) else f" ✗ ({value:.2f})")
                          for goal, value in row.judged())
        yield [row.case + (f", {row.note}" if row.note else ""), *cells, *ratios, goals]


def as_text(subject):
    lines = list(lines_of(subject))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    table = "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                      for line in lines)
    return f"{subject.title}\n{subject.text}\n{table}\n"


def as_markdown(subject):
    head, *body = lines_of(subject)
    table = [head, ["---"] * len(head), *body]
    rows = "\n".join("| " + " | ".join(line) + " |" for line in table)
    return (f"{subject.text}\n\n{rows}\n\n"
            f"![{subject.title}](performance/{subject.name}.svg)\n")


def machine():
    """One sentence about where it was measured."""
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    load = os.getloadavg()[2]
    return (f"{os.cpu_count()} cores ({model.group(1).strip() if model else platform.machine()}), "
            f"{int(memory) / 1e6:.0f} GB, Linux {platform.release().split('-')[0]}; the machine's load in "
            f"the 15 minutes before the report was {load:.1f}.")


def replace_part(text, name, part):
    """The text between the two marks of that name; without marks the document is at fault."""
    begin, end = f"<!-- bench {name} -->", f"<!-- /bench {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise SystemExit(f"{DOCUMENT} has no place for '{name}': put {begin} and {end} into it")
    before, rest = text.split(begin)
    return f"{before}{begin}\n{part.strip()}\n{end}{rest.split(end)[1]}"


def write(subjects):
    """Into the document, between its marks, and the plots beside it."""
    text = DOCUMENT.read_text()
    text = replace_part(text, "machine", machine())
    PLOTS.mkdir(exist_ok=True)
    for subject in subjects:
        text = replace_part(text, subject.name, as_markdown(subject))
        (PLOTS / f"{subject.name}.svg").write_text(plot(subject))
    DOCUMENT.write_text(text)


# --- plots ---------------------------------------------------------------------------------------

COLOURS = ["#1f6feb", "#8b949e", "#d29922", "#3fb950"]
LEFT, BAR, WIDTH, LABEL = 250, 14, 560, 90


def scale(subject):
    """From a value to a width: logarithmic, whole powers of ten at the ends."""
    values = [cell.median for row in subject.rows for cell in row.cells.values()]
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)
    return (lambda value: (math.log10(value) - low) / (high - low) * WIDTH), low, high


def text_element(x, y, text, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def bars(row, names, y, width_of):
    """The bars of one case, whiskers from the lowest round to the highest."""
    for i, (name, cell) in enumerate(row.cells.items()):
        top, size = y + i * BAR, max(width_of(cell.median), 1)
        yield (f'<rect x="{LEFT}" y="{top}" width="{size:.1f}" height="{BAR - 3}" '
               f'fill="{COLOURS[names.index(name) % len(COLOURS)]}"/>')
        low, high = (LEFT + max(width_of(value), 0) for value in (min(cell.values), max(cell.values)))
        middle = top + (BAR - 3) / 2
        yield f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}" stroke="#24292f"/>'
        unit = cell.unit if cell.unit.startswith("/") else f" {cell.unit}"
        yield text_element(max(high, LEFT + size) + 6, top + BAR - 4, f"{cell.median:,.4g}{unit}"
                           if cell.median < 1000 else f"{cell.median:,.0f}{unit}")


def plot(subject):
    """Horizontal bars on a logarithmic scale, one group for each case."""
    names = columns(subject)
    width_of, low, high = scale(subject)
    parts, y = [], 56
    for row in subject.rows:
        parts.append(text_element(LEFT - 8, y + BAR * len(row.cells) / 2 + 2, row.case, "end"))
        parts += bars(row, names, y, width_of)
        y += BAR * len(row.cells) + 10
    grid = [f'<path d="M{LEFT + width_of(10 ** power):.1f} 48V{y}" stroke="#d0d7de"/>'
            for power in range(low, high + 1)]
    legend = []
    for i, name in enumerate(names):
        legend.append(f'<rect x="{LEFT + i * 190}" y="28" width="10" height="10" '
                      f'fill="{COLOURS[i % len(COLOURS)]}"/>')
        legend.append(text_element(LEFT + i * 190 + 15, 37, name))
    total = LEFT + WIDTH + LABEL
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{y + 10}" '
        f'font-family="sans-serif" font-size="11" fill="#24292f">',
        f'<rect width="{total}" height="{y + 10}" fill="#ffffff"/>',
        f'<text x="8" y="18" font-size="13">{escape(subject.title)}</text>',
        *grid, *legend, *parts, "</svg>", ""])
