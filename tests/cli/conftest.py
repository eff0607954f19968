"""Fixtures of the commands' tests: one server for the run, and a way to run firn beside it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "http"))

from firn_server import REPORT_MARKS  # noqa: E402
from server_fixtures import binary, own_server, server, unique  # noqa: E402, F401

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60


class Done:
    """What a command left: exit code, stdout, stderr."""

    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}{self.err}"

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(binary):
    """Runs firn: run(code, *arguments); the code that it must end with comes first."""
    def call(code, *arguments, environment=None, stdin=None):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FIRN_")}
        process = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True,
                                 timeout=TIMEOUT_S, input=stdin, env=kept | (environment or {}))
        done = Done(process)
        for mark in REPORT_MARKS:
            assert mark not in done.err, done.err
        assert done.code == code, done
        return done
    return call


@pytest.fixture
def firn(run, server):
    """The same, for commands that call the shared server."""
    def call(code, *arguments, **more):
        return run(code, *arguments, "--url", f"http://127.0.0.1:{server.port}", **more)
    return call
