"""Jobs that outlive the credentials which they began with: a quarter of an hour on MinIO, so that they
are a command of their own, `./dev expiry`.

Spark fetches new ones by itself, on the driver and in each task. PyIceberg does not: a table there
reads and writes on with new ones once it is refreshed.
"""

import re
import time
import urllib.request

import boto3
import pyarrow
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from lake import BUCKET, CREDENTIALS_S, lake, minio, stores  # noqa: F401

# Each task reads its file, waits, and writes; two at a time, to beyond the credentials' end.
TASKS, WAIT_S = 32, 60
# MinIO forgets keys that have expired.
REFUSED = ("ExpiredToken", "InvalidAccessKeyId")


def asked(lake, operation):  # noqa: F811
    """How often, by the server's own count."""
    with urllib.request.urlopen(f"{lake.url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines
               if line.startswith("firn_requests_total{")
               and re.search(rf'operation="{operation}"', line))


def client_of(lake, config):  # noqa: F811
    return boto3.client("s3", endpoint_url=lake.store.url, region_name=stores.REGION,
                        aws_access_key_id=config["s3.access-key-id"],
                        aws_secret_access_key=config["s3.secret-access-key"],
                        aws_session_token=config["s3.session-token"],
                        config=Config(s3={"addressing_style": "path"}))


@pytest.fixture
def began(lake):  # noqa: F811
    """PyIceberg's table, and keys like those that a job begins with."""
    catalog = lake.pyiceberg("vended-credentials")
    catalog.create_namespace("long")
    rows = pyarrow.table({"id": [1, 2, 3]})
    table = catalog.create_table("long.python", rows.schema)
    table.append(rows)
    [first] = lake.ask("/v1/lake/namespaces/long/tables/python/credentials")["storage-credentials"]
    return table, rows, client_of(lake, first["config"])


def test_jobs__outlive_their_credentials(spark, lake, began):  # noqa: F811
    table, rows, first = began
    key = lake.keys("wh/long/python/metadata/")[0]
    assert first.head_object(Bucket=BUCKET, Key=key)
    name = lake.spark_catalog(spark, "long", "vended-credentials")
    spark.range(0, TASKS, 1, TASKS).writeTo(f"{name}.long.source").using("iceberg").create()
    spark.sql(f"""ALTER TABLE {name}.long.source SET TBLPROPERTIES (
                    'read.split.target-size' = '1', 'read.split.adaptive-size.enabled' = 'false')""")
    before, started = asked(lake, "loadCredentials"), time.monotonic()
    # A table that is not there until the end is asked for by the grant in its addresses.
    spark.sql(f"""CREATE TABLE {name}.long.slow USING iceberg AS SELECT id,
                    reflect('java.lang.Thread', 'sleep', {WAIT_S * 1000}L) AS waited
                    FROM {name}.long.source""")
    lasted = time.monotonic() - started
    fetched = asked(lake, "loadCredentials") - before
    files = spark.sql(f"SELECT count(*) FROM {name}.long.slow.files").collect()[0][0]
    print(f"\none job of {files} files, {lasted:.0f} s long; credentials of {CREDENTIALS_S} s were "
          f"fetched {fetched:.0f} times")
    assert lasted > CREDENTIALS_S and files == TASKS and fetched > 0
    assert [row[0] for row in spark.sql(
        f"SELECT id FROM {name}.long.slow ORDER BY id").collect()] == list(range(TASKS))
    with pytest.raises(ClientError) as said:
        first.get_object(Bucket=BUCKET, Key=key)
    print(f"the first keys: {said.value}")
    assert said.value.response["Error"]["Code"] in REFUSED
    with pytest.raises(OSError) as refused:
        table.scan().to_arrow()
    print(f"PyIceberg: {refused.value}")
    table.refresh()
    table.append(rows)
    assert table.scan().to_arrow().num_rows == 2 * rows.num_rows
