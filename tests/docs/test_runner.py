"""That the runner and the check go red: small pages, each with one fault."""

from pathlib import Path

import pytest

import pages
import runner
from test_pages import BINARY

FENCE = "```"


def paste(tmp_path, text):
    with runner.Page(tmp_path, BINARY) as page:
        page.run(pages.blocks(text))
        return page


def faults_of(tmp_path, text):
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    return list(pages.faults(tmp_path))


@pytest.mark.parametrize("text, sentence", [
    ("# P\n\n    ls\n", "README.md:3: a block without a mark"),
    (f"# P\n\n{FENCE}sh\nls\n{FENCE}\n", "README.md:3: a block without a mark"),
    ("<!-- run: fast -->\n    ls\n", "'fast' says nothing about a run"),
    ("<!-- run: stays -->\n    ls\n", "'stays' says nothing about a run"),
    ("<!-- not run -->\n    ls\n", "wants a text"),
    ("<!-- run -->\n\nwords\n", "a mark without a block below it"),
    ("<!-- run -->\n", "a mark without a block below it"),
    ("<!-- run -->\n<!-- run -->\n    ls\n", "two marks for one block"),
    (f"{FENCE}\nls\n", "a block without end"),
    ("[a page](docs/none.md)\n", "no docs/none.md"),
    ("# P\n\n[a heading](#q)\n", "no heading #q"),
])
def test_check__finds(tmp_path, text, sentence):
    found = faults_of(tmp_path, text)
    assert len(found) == 1 and sentence in found[0], found


def test_check__passes(tmp_path):
    text = ("# Two words\n\n- an item\n\n    of two paragraphs\n\n[up](#two-words)\n\n"
            "<!-- run -->\n    ls\n\n    ls\n\n<!-- not run: no reason -->\n    ls\n")
    assert faults_of(tmp_path, text) == []
    assert [block.text for block in pages.blocks(text)] == ["ls\n\nls\n", "ls\n"]


@pytest.mark.parametrize("text, sentence", [
    ("<!-- run -->\n    false\n", "exit code 1"),
    ("<!-- run -->\n    false | true\n    true\n", "exit code 1"),
    ("<!-- run: fails -->\n    true\n", "exit code 0"),
    ("<!-- first: false -->\n", "exit code 1"),
    (f"<!-- run -->\n{FENCE}python\nraise SystemExit(3)\n{FENCE}\n", "exit code 3"),
    (f"<!-- run -->\n{FENCE}cobol\n{FENCE}\n", "nothing runs 'cobol'"),
    ("<!-- run -->\n    echo a b\n\n<!-- shows -->\n    a c\n", "'a c' is not shown"),
    ("<!-- run -->\n    printf 'b\\na'\n\n<!-- shows -->\n    a\n    b\n", "'b' is not shown"),
    ("<!-- shows -->\n    a\n", "there is no block above"),
    ("<!-- run: stays 8181 -->\n    true\n", "nothing answers"),
    ("<!-- run: stays 8181 -->\n    firn serve --listen 127.0.0.1:8182\n", "nothing answers"),
    ("<!-- run: ends 8181 -->\n    true\n", "nothing stays at 8181"),
    ("<!-- run -->\n    curl -s http://127.0.0.1:8181/\n", "exit code 7"),
])
def test_runner__refuses(tmp_path, monkeypatch, text, sentence):
    monkeypatch.setattr(runner, "START_S", 1)
    with pytest.raises(runner.Failure, match=sentence):
        paste(tmp_path, text)


def test_runner__refuses_what_does_not_stay(tmp_path):
    with pytest.raises(runner.Failure, match="it did not stay"):
        with runner.Page(tmp_path, BINARY) as page:
            page.run(pages.blocks("<!-- run: stays 8181 -->\n    firn serve\n"))
            process = page.stays[0][1]
            process.terminate()
            process.wait()


def test_runner__ends_what_stays_before_the_block(tmp_path):
    paste(tmp_path, """
<!-- run: stays 8181 -->
    firn serve

<!-- run -->
    curl -s http://127.0.0.1:8181/v1/config >config

<!-- run: ends 8181, fails -->
    curl -s http://127.0.0.1:8181/v1/config
""")


def test_runner__does_what_the_marks_say(tmp_path):
    paste(tmp_path, f"""
<!-- run: file a/note.txt -->
    one

<!-- run -->
    cd a
    export WORD=two

<!-- run -->
    cat note.txt
    echo "$WORD  three four"

<!-- shows -->
    one
    two … four

<!-- run -->
    while read -r line; do echo "<$line>"; done

<!-- run: typed -->
    hello

<!-- shows -->
    <hello>

<!-- run -->
{FENCE}python
x = 7
print("first")
{FENCE}

<!-- shows -->
    first

<!-- run: session -->
{FENCE}python
print(x + 1)
{FENCE}

<!-- shows -->
    8

<!-- run: stays 8181 -->
    firn serve

<!-- run -->
    curl -s http://127.0.0.1:8181/healthz
    firn namespace list

<!-- run: fails -->
    curl -s http://127.0.0.1:8181/v1/none
""")
    assert (Path(tmp_path) / "a" / "note.txt").read_text() == "one\n"


def test_runner__moves_addresses(tmp_path):
    page = paste(tmp_path, "<!-- run: file f -->\n    127.0.0.1:9999 localhost:9999 1.2.3.4:9999 :9999\n")
    port = page.ports["9999"]
    assert (tmp_path / "f").read_text() == f"127.0.0.1:{port} localhost:{port} 1.2.3.4:9999 :9999\n"
    assert page.ports["8181"] in (tmp_path / "deploy" / "prometheus" / "prometheus.yml").read_text()
