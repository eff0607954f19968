"""Fixtures around firn_server that several suites take into their conftest.py."""

import itertools
import os
from pathlib import Path

import pytest

from firn_server import FirnServer

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def binary():
    return Path(os.environ["FIRN_BINARY"]).resolve()


@pytest.fixture(scope="session")
def server(binary, tmp_path_factory):
    """The server that most tests share. It must stop cleanly at the end of the run."""
    running = FirnServer(binary, tmp_path_factory.mktemp("firn") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def own_server(binary, tmp_path):
    """Starts servers on the test's own data directory; each must be stopped cleanly or killed."""
    started = []

    def start(*arguments, data="data", is_started=True, **more):
        logs = tmp_path / f"logs-{len(started)}"
        one = FirnServer(binary, tmp_path / data, arguments, logs=logs, **more)
        started.append(one)
        return one.start() if is_started else one

    yield start
    for one in started:
        if one.process and one.process.poll() is None:
            one.stop()
        one.check_reports()


@pytest.fixture
def unique():
    """Names that no other test uses."""
    return lambda stem="n": f"{stem}_{next(_numbers)}"
