"""README.md and docs/: each page is pasted, block for block."""

import os
from pathlib import Path

import pytest

from pages import blocks, faults, pages
from runner import ROOT, Page

BINARY = Path(os.environ["FIRN_BINARY"]).resolve()


def is_run(path):
    return any(block.kind == "run" for block in blocks(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [path for path in pages(ROOT) if is_run(path)],
                         ids=lambda path: path.name)
def test_page(path, tmp_path):
    with Page(tmp_path, BINARY) as page:
        page.run(blocks(path.read_text(encoding="utf-8")))


def test_marks():
    """Each block says whether it is run, and why it is not; each link leads somewhere."""
    assert not list(faults(ROOT))
