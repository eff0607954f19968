"""Makes the .avro fixtures of manifest_test.c. Usage: make_manifests.py <folder>

Needs pyiceberg[pyarrow,sql-sqlite] 0.12, fastavro, cramjam, backports.zstd. A small table is written by
PyIceberg in each format version; its manifest list and first manifest are kept, and encoded again by
fastavro with other codecs and with other spellings of the schema.
"""
import copy, decimal, glob, os, shutil, sys
import fastavro, pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DecimalType, LongType, NestedField, StringType

out = sys.argv[1]

def keep(source, name):
    with open(source.removeprefix("file://"), "rb") as f, open(os.path.join(out, name), "wb") as g:
        g.write(f.read())

def table(version, folder):
    catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/c.db", warehouse=f"file://{folder}/wh")
    catalog.create_namespace("ns")
    schema = Schema(NestedField(1, "id", LongType(), required=False),
                    NestedField(2, "kind", StringType(), required=False),
                    NestedField(3, "price", DecimalType(9, 2), required=False))
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "kind")) if version == 2 else PartitionSpec()
    t = catalog.create_table(f"ns.t{version}", schema, partition_spec=spec,
                             properties={"format-version": str(version)})
    for i in range(2):
        t.append(pa.table({"id": [i, i + 1], "kind": ["a", "b"],
                           "price": pa.array([decimal.Decimal("1.10")] * 2, pa.decimal128(9, 2))}))
    return t.current_snapshot()

def recode(source, name, codec, change=lambda schema, records: None):
    with open(os.path.join(out, source), "rb") as f:
        reader = fastavro.reader(f)
        schema, records = copy.deepcopy(reader.writer_schema), list(reader)
        meta = {k: v for k, v in reader.metadata.items() if not k.startswith("avro.")}
    schema.pop("__fastavro_parsed__", None); schema.pop("__named_schemas", None)
    change(schema, records)
    with open(os.path.join(out, name), "wb") as f:
        fastavro.writer(f, schema, records, codec=codec, metadata=meta, sync_marker=b"0123456789abcdef")

def field(schema, name):
    return next(f for f in schema["fields"] if f["name"] == name)

def rename_list(schema, records):
    """The id stays 500, the name does not; a decoy takes the name."""
    field(schema, "manifest_path")["name"] = "where"
    schema["fields"].append({"name": "manifest_path", "type": "string", "field-id": 9999})
    for r in records:
        r["where"], r["manifest_path"] = r["manifest_path"], "decoy"

def strip_ids(node, _=None):
    if isinstance(node, dict):
        for k in ("field-id", "element-id", "key-id", "value-id"):
            node.pop(k, None)
        for v in node.values():
            strip_ids(v)
    elif isinstance(node, list):
        for v in node:
            strip_ids(v)

def to_v3(schema, records):
    """The fields that format version 3 adds, and one deletion vector in a Puffin file."""
    data = field(schema, "data_file")["type"]
    for name, kind, number in (("first_row_id", "long", 142), ("referenced_data_file", "string", 143),
                               ("content_offset", "long", 144), ("content_size_in_bytes", "long", 145)):
        if not any(f["name"] == name for f in data["fields"]):
            data["fields"].append({"name": name, "type": ["null", kind], "default": None, "field-id": number})
    for r in records:
        r["data_file"] |= {"first_row_id": 0}
    dv = copy.deepcopy(records[0])
    dv["data_file"] |= {"content": 1, "file_path": "file:///wh/dv-1.puffin", "file_format": "PUFFIN",
                        "first_row_id": None, "referenced_data_file": records[0]["data_file"]["file_path"],
                        "content_offset": 4, "content_size_in_bytes": 40}
    records.append(dv)
    records.append(copy.deepcopy(dv))
    records[-1]["data_file"]["content_offset"] = 44

for version in (1, 2):
    folder = f"/tmp/manifest-fixtures/v{version}"  # stands in the paths of the fixtures
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    snapshot = table(version, folder)
    keep(snapshot.manifest_list, f"v{version}-list.avro")
    with open(snapshot.manifest_list.removeprefix("file://"), "rb") as f:
        keep(next(fastavro.reader(f))["manifest_path"], f"v{version}-manifest.avro")

for codec in ("null", "snappy", "zstandard"):
    recode("v2-manifest.avro", f"v2-manifest-{codec}.avro", codec)
recode("v2-manifest.avro", "v3-manifest.avro", "deflate", to_v3)
recode("v2-list.avro", "v2-list-renamed.avro", "deflate", rename_list)
recode("v2-list.avro", "v2-list-no-ids.avro", "null", strip_ids)
recode("v2-manifest.avro", "v2-manifest-no-ids.avro", "null", strip_ids)

for path in sorted(glob.glob(os.path.join(out, "*.avro"))):
    with open(path, "rb") as f:
        rows = list(fastavro.reader(f))
    print(os.path.basename(path), os.path.getsize(path))
    for r in rows:
        print("   ", r.get("where") or r.get("manifest_path") or r["data_file"]["file_path"])
