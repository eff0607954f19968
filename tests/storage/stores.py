"""Object stores that are started for the tests: real servers on loopback, one of each for the run."""

import os
import subprocess
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

from firn_server import free_port

START_S = 60
KEY, SECRET = "firn-tests", "a-secret-that-nobody-may-see"
REGION = "us-east-1"


class Server:
    """A process that serves HTTP on a port of its own."""

    def __init__(self, command, home, environment=None, url="http://127.0.0.1:{port}"):
        self.port = free_port()
        self.url = url.format(port=self.port)
        self.log = home / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(part).format(port=self.port) for part in command], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd=home, env=os.environ | (environment or {}))
        self.wait()

    def probe(self):
        """An OSError where it is not there yet."""
        try:
            urllib.request.urlopen(self.url, timeout=5).close()
        except urllib.error.HTTPError:
            pass  # it wants a signature: it is there

    def wait(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            try:
                self.probe()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError(f"no answer from {self.url}:\n{self.log.read_text()[-2000:]}")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Store(Server):
    """One with an S3 endpoint, and a client that looks behind the server's back."""

    def __init__(self, command, home, environment=None):
        super().__init__(command, home, environment)
        self.client = boto3.client(
            "s3", endpoint_url=self.url, region_name=REGION, aws_access_key_id=KEY,
            aws_secret_access_key=SECRET, config=Config(s3={"addressing_style": "path"}))

    def make_bucket(self, name):
        self.client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))

    def environment(self, **more):
        """What Firn needs in order to reach it, as AWS's own tools have it."""
        return {"AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true"} | more


def minio(home):
    return Store([os.environ["FIRN_MINIO"], "server", "--quiet", "--address", "127.0.0.1:{port}",
                  "--console-address", "127.0.0.1:0", str(home / "data")], home,
                 {"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET, "MINIO_BROWSER": "off",
                  "MINIO_UPDATE": "off",
                  "MINIO_SITE_REGION": REGION, "GOMAXPROCS": "2"})


def moto(home):
    python = os.environ.get("PYTHON", "python")
    return Store([python, "-m", "moto.server", "-H", "127.0.0.1", "-p", "{port}"], home)
