"""Runs the blocks of a page, in order, in an empty directory, as somebody who pastes them would.

Nothing of a block is edited but its addresses: each port of 127.0.0.1 becomes a free one, the same
on the whole page, so that the tests need no port of their own and disturb no server. The same
happens in the copy of deploy/ that lies in the directory. What no text can say goes by the
variables of Firn and Spark: where a server listens that is started without options.

What a block leaves in its shell (directory, exported variables) is there in the next one.
"""

import contextlib
import dataclasses
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from pages import Block

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "http"))

from firn_server import free_port  # noqa: E402

ADDRESS = re.compile(r"(127\.0\.0\.1:|localhost:|\b(?:clientPort|port)=)(\d{2,5})\b")
BLOCK_S = 300
START_S = 120
# Spark gives each thing that it does at its end up to 30 s.
STOP_S = 120
TELL_S = 3
# The ports that programs take without being told, and the variables that tell them.
VARIABLES = {
    "FIRN_LISTEN": "127.0.0.1:8181",
    "SPARK_MASTER_PORT": "7077",
    "SPARK_MASTER_WEBUI_PORT": "8080",
    "SPARK_WORKER_WEBUI_PORT": "8081",
}
TEXT_FILES = (".conf", ".json", ".md", ".sh", ".yaml", ".yml")


class Failure(Exception):
    """A block did not do what its page says."""


@dataclasses.dataclass
class Run:
    """What is run at once: a block, with those that are typed into it or go on in its Python."""
    blocks: list
    shows: list

    @property
    def language(self):
        return self.blocks[0].language


def runs(blocks: list) -> list:
    """Blocks that belong together, in order. A `shows` belongs to the block above it."""
    found = []
    for block in blocks:
        joins = block.words.keys() & {"typed", "session"}
        if block.kind == "not run":
            continue
        if (joins or block.kind == "shows") and not found:
            raise Failure(f"line {block.line}: there is no block above that this belongs to")
        if block.kind == "shows":
            found[-1].shows.append((len(found[-1].blocks) - 1, block))
        elif joins:
            found[-1].blocks.append(block)
        else:
            found.append(Run([block], []))
    return found


class Page:
    """One page's directory, ports and programs. Use: with Page(...) as page: page.run(blocks)."""

    def __init__(self, folder: Path, binary: Path):
        self.folder, self.binary = folder, binary
        self.ports, self.stays, self.cwd = {}, [], folder
        tools = folder / ".bin"
        tools.mkdir()
        (tools / "firn").symlink_to(binary)
        (tools / ".curlrc").write_text("fail-with-body\n")  # an answer of 400 fails the block
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("FIRN_", "SPARK_", "PYTEST_"))}
        self.environment = kept | {
            "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tools), "PREPARE": str(Path(__file__).with_name("prepare")),
            "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        for name, default in VARIABLES.items():
            self.environment[name] = (self._port(default) if default.isdigit()
                                      else self._moved(default))
        self._copy_deploy()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        faults = [fault for one in reversed(self.stays) if (fault := self._stop(*one))]
        if kind:
            self._kill_forgotten()
        if faults and kind is None:
            raise Failure(faults[0])

    def run(self, blocks: list) -> None:
        for one in runs(blocks):
            first = one.blocks[0]
            if "ends" in first.words:
                self._end(first)
            if "file" in first.words:
                self._write_file(first)
            elif "stays" in first.words:
                self._start(first)
            elif first.language == "python":
                self._check(one, *self._python(one.blocks))
            elif first.language in ("", "sh", "bash"):
                typed = "".join(self._moved(block.text) for block in one.blocks[1:])
                self._check(one, *self._shell(first, typed))
            else:
                raise Failure(f"line {first.line}: nothing runs '{first.language}'")

    # --- addresses ---

    def _port(self, number: str) -> str:
        while number not in self.ports:
            taken, port = set(self.ports.values()), str(free_port())
            if port not in taken:
                self.ports[number] = port
        return self.ports[number]

    def _moved(self, text: str) -> str:
        return ADDRESS.sub(lambda match: match.group(1) + self._port(match.group(2)), text)

    def _copy_deploy(self):
        copy = self.folder / "deploy"
        shutil.copytree(ROOT / "deploy", copy)
        for path in copy.rglob("*"):
            if path.suffix in TEXT_FILES and path.is_file():
                path.write_text(self._moved(path.read_text(encoding="utf-8")), encoding="utf-8")

    # --- blocks ---

    def _write_file(self, block):
        path = self.cwd / block.words["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._moved(block.text), encoding="utf-8")

    def _shell(self, block: Block, typed: str):
        """The block, and then what its shell has become, for the next one."""
        state = self.folder / ".state"
        script = self.folder / ".block"
        script.write_text(f"{self._moved(block.text)}\npwd >{state}\nenv -0 >{state}.env\n",
                          encoding="utf-8")
        code, out = self._call(["bash", "-euo", "pipefail", str(script)], typed, block)
        if code == 0:
            self.cwd = Path(state.read_text().rstrip("\n"))
            pairs = Path(f"{state}.env").read_text().split("\0")
            self.environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        return code, [out]

    def _python(self, blocks: list):
        """One Python for all of them, and what each of them prints."""
        cut = "--- the next block ---"
        text = f"\nprint('\\n{cut}', flush=True)\n".join(self._moved(one.text) for one in blocks)
        script = self.folder / ".block.py"
        script.write_text(text, encoding="utf-8")
        code, out = self._call(["python3", str(script)], "", blocks[0])
        return code, out.split(f"\n{cut}\n")

    def _call(self, argv, typed, block):
        """Exit code, and both streams as a terminal would show them."""
        log = self.folder / ".output"
        with log.open("wb") as out:
            process = subprocess.Popen(argv, cwd=self.cwd, env=self.environment, stdout=out,
                                       stderr=out, stdin=subprocess.PIPE, start_new_session=True)
            try:
                process.communicate(typed.encode(), timeout=BLOCK_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise Failure(f"line {block.line}: no end after {BLOCK_S} s\n{log.read_text()[-3000:]}"
                              ) from None
        return process.returncode, log.read_text(errors="replace")

    def _check(self, one: Run, code: int, printed: list):
        first = one.blocks[0]
        is_to_fail = any("fails" in block.words for block in one.blocks)
        if (code != 0) != is_to_fail:
            raise Failure(f"line {first.line}: exit code {code}\n{first.text}"
                          f"{chr(10).join(printed)[-4000:]}")
        for index, block in one.shows:
            text = printed[min(index, len(printed) - 1)]
            if missing := first_missing(self._moved(block.text), text):
                raise Failure(f"line {block.line}: '{missing}' is not shown:\n{text[-4000:]}")

    # --- what stays ---

    def _start(self, block):
        port, log = int(self._port(block.words["stays"])), self.folder / f".log{len(self.stays)}"
        with log.open("wb") as out:
            process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", self._moved(block.text)],
                                       cwd=self.cwd, env=self.environment, stdout=out, stderr=out,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        self.stays.append((block, process, log))
        deadline = time.monotonic() + START_S
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"line {block.line}: nothing answers at {port}\n"
                              f"{log.read_text()[-3000:]}")
            time.sleep(0.05)

    def _stop(self, block, process, log):
        """Ctrl-C in that terminal; a sentence where the program does not end by it."""
        if process.poll() is not None:
            return f"line {block.line}: it did not stay\n{log.read_text()[-3000:]}"
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGQUIT)  # a Java program tells what its threads do
            time.sleep(TELL_S)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"line {block.line}: it goes on after Ctrl-C\n{log.read_text()[-30000:]}"
        if process.returncode not in (0, -signal.SIGINT, 128 + signal.SIGINT):
            return (f"line {block.line}: exit code {process.returncode} after Ctrl-C\n"
                    f"{log.read_text()[-3000:]}")
        return None

    def _end(self, block):
        port = block.words["ends"]
        one = next((one for one in self.stays if one[0].words["stays"] == port), None)
        if one is None:
            raise Failure(f"line {block.line}: nothing stays at {port}")
        self.stays.remove(one)
        if fault := self._stop(*one):
            raise Failure(fault)

    def _kill_forgotten(self):
        """What a page that failed would have ended itself, by the files that name its processes."""
        for file in self.folder.rglob("*.pid"):
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def first_missing(expected: str, printed: str):
    """The first line of `expected` that does not come in `printed`, after those before it."""
    rest = iter(printed.splitlines())
    for line in filter(None, (line.strip() for line in expected.splitlines())):
        parts = " ".join(line.split()).split("…")
        pattern = re.compile(".*".join(re.escape(part) for part in parts))
        if not any(pattern.search(" ".join(shown.split())) for shown in rest):
            return line
    return None
