"""The pages for users and the code blocks in them, each with the mark that says what becomes of it.

A mark is an HTML comment on a line of its own above the block:

    <!-- run -->                   by its language: python, or the shell where there is none
    <!-- run: WORD, WORD… -->      the same, and
        stays PORT                 it goes on in a terminal of its own, to the end of the page; the
                                   next block comes when that port answers
        ends PORT                  before it, Ctrl-C in the terminal of what stays with that port
        fails                      it ends with another exit code than 0
        typed                      it is typed into the program that the block above starts
        session                    the Python of the block above goes on
        file NAME                  nothing is run: a file of that name has this text
    <!-- shows -->                 what the block above prints has these lines, in this order; an
                                   ellipsis (…) stands for anything
    <!-- not run: REASON -->       …
    <!-- first: COMMAND -->        no block: what the page takes for granted at this place; $PREPARE
    <!-- first, stays PORT: … -->  is tests/docs/prepare
    <!-- not run, all of this page: REASON -->
    <!-- long: COMMAND -->         the page takes minutes: that command runs it, ./dev test does not
"""

import dataclasses
import re
from pathlib import Path

MARK = re.compile(r"^<!-- (run|shows|not run|first|first, stays \d+|not run, all of this page|long)(?:: (.+))? -->$")
FENCE = re.compile(r"^(`{3,})\s*(\w*)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ITEM = re.compile(r"^\s*([-*]|\d+\.) ")
HEADING = re.compile(r"^#+ (.+)$")
WORDS = {"stays": True, "ends": True, "fails": False, "typed": False, "session": False, "file": True}


@dataclasses.dataclass
class Block:
    line: int
    language: str
    text: str
    kind: str = ""  # of its mark; "" where it has none
    reason: str = ""
    words: dict = dataclasses.field(default_factory=dict)


class Fault(Exception):
    """What is wrong with a page: "line: sentence"."""


def pages(root: Path) -> list[Path]:
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def parse_words(text: str, number: int) -> dict:
    words = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = word.partition(" ")
        if name not in WORDS or bool(value) != WORDS[name]:
            raise Fault(f"{number}: '{word}' says nothing about a run: see tests/docs/pages.py")
        words[name] = value
    return words


class Reader:
    """Lines become blocks: fenced ones, and those that are indented by four columns."""

    def __init__(self, text: str):
        self.lines = text.splitlines()
        self.blocks, self.mark, self.page_reason, self.long = [], None, "", ""

    def read(self) -> list[Block]:
        number, previous, is_item = 0, "", False
        while number < len(self.lines):
            line = self.lines[number]
            if match := MARK.match(line):
                self._take_mark(match, number + 1)
            elif match := FENCE.match(line):
                number = self._fenced(number, match)
            elif line.startswith("    ") and not previous.strip() and not is_item:
                number = self._indented(number)
            elif line.strip():
                if self.mark:
                    raise Fault(f"{self.mark[2]}: a mark without a block below it")
                is_item = bool(ITEM.match(line)) or (is_item and line.startswith(" "))
            previous = "" if MARK.match(line) else self.lines[number]
            number += 1
        if self.mark:
            raise Fault(f"{self.mark[2]}: a mark without a block below it")
        return self.blocks

    def _take_mark(self, match, number):
        kind, text = match.group(1), match.group(2) or ""
        if self.mark:
            raise Fault(f"{number}: two marks for one block")
        if kind != "run" and bool(text) == (kind == "shows"):
            raise Fault(f"{number}: the mark '{kind}' {'takes no' if text else 'wants a'} text")
        if kind.startswith("first"):
            kind, _, words = kind.partition(", ")
            self.blocks.append(Block(number, "", text, kind, words=parse_words(words, number)))
        elif kind == "long":
            self.long = text
        elif kind == "not run, all of this page":
            self.page_reason = text
        else:
            self.mark = (kind, text, number)

    def _add(self, line, language, lines):
        block = Block(line, language, "\n".join(lines).strip("\n") + "\n")
        if self.mark:
            block.kind, text, number = self.mark
            block.words = parse_words(text, number) if block.kind == "run" else {}
            block.reason = text if block.kind == "not run" else ""
        elif self.page_reason:
            block.kind, block.reason = "not run", self.page_reason
        self.mark = None
        self.blocks.append(block)

    def _fenced(self, number, match):
        end = number + 1
        while end < len(self.lines) and not self.lines[end].startswith(match.group(1)):
            end += 1
        if end == len(self.lines):
            raise Fault(f"{number + 1}: a block without end")
        self._add(number + 1, match.group(2), self.lines[number + 1:end])
        return end

    def _indented(self, number):
        end = number
        while end < len(self.lines) and (self.lines[end].startswith("    ")
                                         or not self.lines[end].strip()):
            end += 1
        while not self.lines[end - 1].strip():
            end -= 1
        self._add(number + 1, "", [line[4:] for line in self.lines[number:end]])
        return end - 1


def blocks(text: str) -> list[Block]:
    return Reader(text).read()


def is_long(text: str) -> bool:
    reader = Reader(text)
    reader.read()
    return bool(reader.long)


def anchors(text: str) -> set:
    """What GitHub makes of the headings."""
    titles = (match.group(1) for line in text.splitlines() if (match := HEADING.match(line)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def link_faults(path: Path, text: str):
    for number, line in enumerate(text.splitlines(), 1):
        for target in LINK.findall(line):
            name, _, anchor = target.partition("#")
            if ":" in name:
                continue
            file = (path.parent / name) if name else path
            if not file.exists():
                yield f"{number}: no {target}"
            elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
                yield f"{number}: no heading {target}"


def faults(root: Path):
    """"page:line: sentence" for each block that no mark speaks of, and each link into nothing."""
    for path in pages(root):
        if not path.exists():
            continue
        text, name = path.read_text(encoding="utf-8"), path.relative_to(root)
        try:
            for block in blocks(text):
                if not block.kind:
                    yield (f"{name}:{block.line}: a block without a mark: put <!-- run --> or "
                           "<!-- not run: REASON --> above it (tests/docs/pages.py has all marks)")
        except Fault as fault:
            yield f"{name}:{fault}"
        yield from (f"{name}:{fault}" for fault in link_faults(path, text))
