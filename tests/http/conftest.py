"""Fixtures of the HTTP tests: one server for the run, own servers for tests that stop or break one,
and the rule that a whole run reaches every operation."""

import os

import pytest

from api import Api
from contract import Contract
from server_fixtures import binary, own_server, server, unique  # noqa: F401

CONTRACT = Contract()


def pytest_configure(config):
    if not os.environ.get("FIRN_BINARY"):
        raise pytest.UsageError("FIRN_BINARY must name the firn executable to test")


@pytest.fixture(scope="session")
def contract():
    return CONTRACT


@pytest.fixture
def api(server, contract):
    client = Api(server.port, contract)
    yield client
    client.close()


@pytest.fixture
def fresh(own_server, contract):
    """A server of the test's own, and a client for it: (server, api)."""
    one = own_server()
    client = Api(one.port, contract)
    yield one, client
    client.close()


@pytest.fixture
def namespace(api, unique):
    """A namespace of the test's own."""
    name = unique("ns")
    api.create_namespace(name)
    return name


def _is_whole_run(config):
    option = config.option
    picked = [argument for argument in config.args if argument.endswith(".py") or "::" in argument]
    return not (option.keyword or option.markexpr or picked or option.collectonly
                or getattr(option, "lf", False))


def pytest_sessionfinish(session, exitstatus):
    missed = CONTRACT.missed()
    if missed and exitstatus == 0 and _is_whole_run(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if CONTRACT.protocol is None:
        terminalreporter.write_line("note: the protocol's document is not at hand (set "
                                    "FIRN_PROTOCOL_YAML); traffic was held against firn.yaml only")
    if _is_whole_run(config) and CONTRACT.missed():
        terminalreporter.write_line("FAILED: no test reached: " + ", ".join(CONTRACT.missed()),
                                    red=True)
