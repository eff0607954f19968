"""Help, manual, completion and docs/commands.md, all out of one table."""

import os
import pty
import shutil
import subprocess

import pytest


def test_help__is_asked_for_in_every_way(run):
    index = run(0, "--help").out
    for arguments in (("-h",), ("help",)):
        assert run(0, *arguments).out == index
    assert run(2).err == index
    assert run(0, "help", "fsck").out == run(0, "fsck", "--help-all").out
    assert "fsck" in [one["name"] for one in run(0, "help", "--json").json["commands"]]


def test_version(run):
    version = run(0, "version", "--json").json["version"]
    assert run(0, "version").out == run(0, "--version").out == f"firn {version}\n"


def test_misspelt__words_get_the_nearest_right_one(run):
    for arguments, words in ((["srve"], "did you mean 'firn serve'?"),
                             (["serve", "--lisen", "x"], "did you mean 'listen'?"),
                             (["serve", "--log-level", "debg"], "Did you mean debug?"),
                             (["completion", "fsh"], "Did you mean fish?")):
        done = run(2, *arguments)
        assert words in done.err and done.out == ""


def test_manual__is_read_by_man_without_a_warning(run, tmp_path):
    page = tmp_path / "firn.1"
    page.write_text(run(0, "help", "--format", "man").out)
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True,
                          text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    text = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", page], capture_output=True,
                          text=True, timeout=60, env={**os.environ, "MANWIDTH": "80"}).stdout
    for words in ("--warehouse-location URI", "EXIT STATUS", "firn fsck"):
        assert words in text


def complete_bash(script, *words):
    """What bash offers for the last of the words."""
    line = f"""source '{script}'
COMP_WORDS=(firn {' '.join(repr(word) for word in words)}); COMP_CWORD={len(words)}
_firn; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_completion__of_bash(run, tmp_path):
    script = tmp_path / "firn.bash"
    script.write_text(run(0, "completion", "bash").out)
    assert complete_bash(script, "fs") == ["fsck"]
    assert complete_bash(script, "fsck", "--de") == ["--deep", "--delete"]
    assert complete_bash(script, "serve", "--log-level", "") == ["debug", "info", "warn", "error",
                                                                 "off"]
    assert complete_bash(script, "completion", "z") == ["zsh"]


def test_completion__of_fish(run, tmp_path):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    script = tmp_path / "firn.fish"
    script.write_text(run(0, "completion", "fish").out)

    def complete(line):
        done = subprocess.run(["fish", "--no-config", "-c",
                               f"source '{script}'; complete -C '{line}'"], capture_output=True,
                              text=True, timeout=60, env={**os.environ, "HOME": str(tmp_path)})
        assert (done.returncode, done.stderr) == (0, "")
        return [one.split("\t")[0] for one in done.stdout.splitlines()]

    assert complete("firn fsc") == ["fsck"]
    assert complete("firn fsck --de") == ["--deep", "--delete"]
    assert complete("firn serve --log-format ") == ["json", "text"]


def test_completion__of_zsh_is_a_function_that_zsh_reads(run, tmp_path):
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    script = tmp_path / "_firn"
    script.write_text(run(0, "completion", "zsh").out)
    done = subprocess.run(
        ["zsh", "-f", "-c", f"autoload -Uz compinit; compinit -u -D; source '{script}'; "
                            "whence -w _firn"],
        capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": str(tmp_path)})
    assert done.stdout.strip() == "_firn: function", done
    assert done.stderr == ""


@pytest.mark.parametrize("no_colour, has_colour", [(None, True), ("", True), ("1", False)])
def test_colours__respect_no_color(binary, no_colour, has_colour):
    main, side = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    if no_colour is not None:
        environment["NO_COLOR"] = no_colour
    done = subprocess.run([binary, "--help"], stdout=side, timeout=60, env=environment)
    os.close(side)
    text = os.read(main, 65536)
    os.close(main)
    assert done.returncode == 0
    assert (b"\033[" in text) == has_colour
    piped = subprocess.run([binary, "--help"], capture_output=True, timeout=60, env=environment)
    assert b"\033[" not in piped.stdout
