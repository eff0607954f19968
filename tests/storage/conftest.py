"""Fixtures of the storage tests: one MinIO, one moto, one fake-gcs-server and one Azurite for the run, a
bucket or container and a server of its own for each test that wants them."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "http"))

import azure  # noqa: E402
import gcs  # noqa: E402
import stores  # noqa: E402
from api import Api  # noqa: E402
from contract import Contract  # noqa: E402
from firn_server import FirnServer  # noqa: E402
from server_fixtures import binary  # noqa: E402, F401

CONTRACT = Contract()
_numbers = itertools.count(1)


def pytest_configure(config):
    for name in ("FIRN_BINARY", "FIRN_MINIO"):
        if not os.access(os.environ.get(name, ""), os.X_OK):
            raise pytest.UsageError(f"{name} must name a program")
    os.environ.setdefault("PYTHON", sys.executable)


@pytest.fixture(scope="session")
def minio(tmp_path_factory):
    one = stores.minio(tmp_path_factory.mktemp("minio"))
    yield one
    one.stop()


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    one = stores.moto(tmp_path_factory.mktemp("moto"))
    yield one
    one.stop()


@pytest.fixture(scope="session")
def fake_gcs(tmp_path_factory):
    assert os.access(os.environ["FIRN_FAKE_GCS"], os.X_OK), "tests/storage/setup builds it"
    one = gcs.FakeGcs(tmp_path_factory.mktemp("fake-gcs"))
    yield one
    one.stop()


@pytest.fixture
def gcs_bucket(fake_gcs):
    return fake_gcs.make_bucket(f"bucket-{next(_numbers)}")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    one = azure.Azurite(tmp_path_factory.mktemp("azurite"))
    yield one
    one.stop()


@pytest.fixture(scope="session")
def secure_azurite(tmp_path_factory):
    """One by https, which takes bearer tokens, and the certificate that it is known by."""
    home = tmp_path_factory.mktemp("secure-azurite")
    tls = azure.make_certificate(home)
    one = azure.Azurite(home, tls)
    yield one, tls[0]
    one.stop()


@pytest.fixture
def container(azurite):
    return azurite.make_container(f"container-{next(_numbers)}")


@pytest.fixture
def bucket(minio):
    return minio.make_bucket(f"bucket-{next(_numbers)}")


@pytest.fixture
def serve(binary, tmp_path):
    """Starts servers; each has to stop cleanly. Returns (server, api)."""
    started = []

    def start(location, environment, *arguments, data="data"):
        server = FirnServer(binary, tmp_path / data, ["--warehouse-location", location, *arguments],
                            environment=environment, logs=tmp_path / f"logs-{len(started)}")
        client = Api(server.start().port, CONTRACT)
        started.append((server, client))
        return server, client

    yield start
    for server, client in started:
        client.close()
        if server.process.poll() is None:
            server.stop()
        server.check_reports()
        assert stores.SECRET not in server.log.read_text()
        assert azure.KEY not in server.log.read_text()


@pytest.fixture
def lake(serve, minio, bucket):
    """A server whose default warehouse is on MinIO, and a client for it."""
    return serve(f"s3://{bucket}/wh", minio.environment())


@pytest.fixture
def fsck(binary):
    """Runs `firn fsck`; its exit status and what it said."""
    def run(server, environment, *arguments):
        done = subprocess.run([binary, "fsck", "--data", server.data, "--json", *arguments],
                              env=os.environ | environment, capture_output=True, text=True,
                              timeout=120)
        return done.returncode, done.stdout, done.stderr

    return run
