"""Fixtures of the fault tests: a seed that is printed, and servers that may be treated badly."""
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "http"))

import disk_log  # noqa: E402
from firn_server import FirnServer  # noqa: E402


# The short form is the same for everyone; new choices are for those who look for what breaks.
SHORT_SEED = 919156


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the long form, instead of the short one")
    parser.addoption("--seed", type=int, help="of all random choices (default: a new one for the long form)")
    parser.addoption("--rounds", type=int, help="how often the server is killed")
    parser.addoption("--cuts", type=int, help="how many states after a power cut are tried")


def pytest_configure(config):
    if not os.environ.get("FIRN_BINARY"):
        raise pytest.UsageError("FIRN_BINARY must name the firn executable to test")
    config.seed = config.getoption("--seed")
    if config.seed is None:
        is_long = config.getoption("--long")
        config.seed = random.SystemRandom().randrange(10**6) if is_long else SHORT_SEED


def pytest_report_header(config):
    return f"seed {config.seed}"


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_line(f"seed {config.seed}")


@pytest.fixture
def chance(request):
    return random.Random(f"{request.config.seed}/{request.node.nodeid}")


@pytest.fixture
def is_long(request):
    return request.config.getoption("--long")


@pytest.fixture
def amount(request):
    """amount("rounds", short, long): as the command line says, or by the form of the run."""
    def of(option, short, long):
        given = request.config.getoption(f"--{option}")
        return given if given is not None else long if request.config.getoption("--long") else short
    return of


@pytest.fixture
def binary():
    return Path(os.environ["FIRN_BINARY"]).resolve()


@pytest.fixture
def shim():
    """The library that records a server's file calls and makes them fail."""
    path = Path(os.environ["FIRN_DISK_SHIM"]).resolve()
    # A library that is not there is only warned of, and then no call would fail.
    assert path.is_file(), f"{path} is not built: ninja disk_shim"
    return path


@pytest.fixture
def watched(shim, tmp_path):
    """watched(name): the environment of a server that the shim watches, its control page, its log.
    What is watched is `root`, or all of the test's own directory."""
    def make(name, root=None, is_recorded=True):
        folder = tmp_path / name
        folder.mkdir()
        return disk_log.environment(shim, folder, root or tmp_path, is_recorded)
    return make


@pytest.fixture
def own_server(binary, tmp_path):
    """Starts servers on directories of the test's own. What is left running is killed."""
    started = []

    def start(*arguments, data="data", is_started=True, **more):
        one = FirnServer(binary, tmp_path / data, arguments,
                         logs=tmp_path / f"logs-{len(started)}", **more)
        started.append(one)
        return one.start() if is_started else one

    yield start
    for one in started:
        one.kill()
        one.check_reports()


@pytest.fixture
def figures(record_property, request, capsys):
    """figures(text): a line that stands in the output of a passed test, too."""
    def show(text):
        with capsys.disabled():
            print(f"\n{request.node.name}: {text}", flush=True)
    return show


@pytest.fixture
def fsck(binary):
    """What firn fsck finds below a data directory, as objects."""
    def run(data):
        done = subprocess.run([binary, "fsck", "--json", "--data", data], capture_output=True,
                              text=True, timeout=120)
        assert done.returncode in (0, 1), done
        return [json.loads(line) for line in done.stdout.splitlines()][:-1]
    return run
