"""docs/troubleshooting.md: what it says that Firn says stands in Firn's sources. The page's blocks are
run (test_pages.py); what is quoted in its tables is held here, as far as it is Firn's own."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
TABLES = [line for line in PAGE.splitlines() if line.startswith("| ")]
ROOMS = ("base", "iceberg", "storage", "catalog", "scan", "server", "cli", "openapi")
# Quoted in the tables of engines, which show it as their own.
SAID_TO_ENGINES = ("Namespace does not exist", "Warehouse does not exist", "Requirement failed",
                   "CommitFailedException", "CommitStateUnknownException",
                   "NoSuchNamespaceException")
# Part of a message in which another text stands each time.
PLACEHOLDER = re.compile(r"…|\b[A-Z]{4,}\b")


def sources():
    """All of the text in the sources' string literals, each message in one piece."""
    files = [path for room in ROOMS for path in sorted((ROOT / room).glob("*.[ch]"))]
    return "\n".join(re.sub(r'"\s*\n\s*"', "", path.read_text()) for path in files)


SOURCES = sources()


def rows(heading):
    """(first cell, second cell) of the table below the heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines[1:]]


def quotes(text):
    return re.findall(r"`([^`]+)`", text)


def http_rows():
    return rows("Over HTTP")


@pytest.mark.parametrize("status, why", http_rows(), ids=[row[0] for row in http_rows()])
def test_answers__are_in_the_sources(status, why):
    said = [one for one in quotes(status) if not one.startswith("/")]
    for piece in (piece.strip() for one in said for piece in PLACEHOLDER.split(one)):
        assert piece in SOURCES, piece
    for option in (quote.split()[0] for quote in quotes(why) if quote.startswith("--")):
        assert f'"{option.removeprefix("--")}"' in SOURCES, option


@pytest.mark.parametrize("said", SAID_TO_ENGINES)
def test_errors__that_engines_show_are_in_the_sources(said):
    assert any(said in quote for row in TABLES for quote in quotes(row)), "the page has it no more"
    assert said in SOURCES
