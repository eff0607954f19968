"""Plans of random tables that Spark wrote, beside those of Iceberg's own library.

FIRN_SPARK_SEED makes other tables, FIRN_SPARK_TABLES more of them.
"""

import os
import sys

import pytest
from conftest import ROOT
from spark_tables import RandomTable

sys.path.insert(0, str(ROOT / "tests" / "conformance"))
from oracle_client import Catalog, Oracle  # noqa: E402
from planning_rows import rows_of  # noqa: E402
from planning_run import Run, report  # noqa: E402

SEED = 919156
TABLES = int(os.environ.get("FIRN_SPARK_TABLES", 6))
FILTERS = 30


@pytest.fixture
def oracle():
    one = Oracle("plan-oracle")
    yield one
    one.close()


def delete_formats(table):
    """(format version, format of a delete file) of all there are in any snapshot."""
    return {(table.format_version, entry.data_file.file_format.value)
            for snapshot in table.snapshots() for manifest in snapshot.manifests(table.io)
            for entry in manifest.fetch_manifest_entry(table.io) if entry.data_file.content != 0}


def test_plans__of_sparks_tables_are_the_librarys(spark, catalog, server_url, namespace, oracle):
    seed = int(os.environ.get("FIRN_SPARK_SEED", SEED))
    print(f"FIRN_SPARK_SEED={seed} FIRN_SPARK_TABLES={TABLES}")
    run, formats = Run(Catalog(server_url), oracle, namespace), set()
    for number in range(TABLES):
        name = f"t{number}"
        made = RandomTable(spark, f"firn.{namespace}.{name}", seed + number, number % 3 + 1)
        table = catalog.load_table((namespace, name))
        run.actions.update(made.actions)
        formats |= delete_formats(table)
        run.given(name, seed + number, table.metadata_location, rows_of(table), FILTERS)
    status = report(run, [])
    assert status == 0 and run.counts["references to delete files"] > 0
    assert formats == {(2, "PARQUET"), (3, "PUFFIN")}
