"""README.md and docs/: each page is pasted, block for block."""

import os
from pathlib import Path

import pytest

from pages import blocks, faults, is_long, pages
from runner import ROOT, Page

# Pages that take minutes are run where this names them.
LONG = os.environ.get("FIRN_LONG_PAGE")
BINARY = Path(os.environ["FIRN_BINARY"]).resolve()


def is_run(path):
    text = path.read_text(encoding="utf-8")
    if is_long(text) or LONG:
        return path.name == LONG
    return any(block.kind == "run" for block in blocks(text))


@pytest.mark.parametrize("path", [path for path in pages(ROOT) if is_run(path)],
                         ids=lambda path: path.name)
def test_page(path, tmp_path):
    with Page(tmp_path, BINARY) as page:
        page.run(blocks(path.read_text(encoding="utf-8")))


def test_marks():
    """Each block says whether it is run, and why it is not; each link leads somewhere."""
    assert not list(faults(ROOT))
