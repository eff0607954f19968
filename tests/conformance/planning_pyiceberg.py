"""Random tables with a past, written by PyIceberg through a catalog; all follows from a seed."""

import collections
import datetime
import decimal
import random
import uuid

import pyarrow as pa
from pyiceberg.exceptions import ValidationError
from pyiceberg.expressions import EqualTo, GreaterThan, In, IsNull
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform, IdentityTransform,
                                  MonthTransform, TruncateTransform, YearTransform)
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType,
                             FloatType, IntegerType, LongType, NestedField, StringType, StructType,
                             TimestampType, TimestamptzType, TimeType, UUIDType)

STEPS = 9
# What PyIceberg refuses in a table's state is counted, and not done; rows of nulls alone it takes
# for rows of no bytes, and divides by that. An upsert reads its rows under the last snapshot's
# schema, and does not find a column there that got its name since.
REFUSED = (ValueError, TypeError, NotImplementedError, ValidationError, pa.ArrowException,
           ZeroDivisionError, KeyError)

EPOCH = datetime.datetime(1970, 1, 1)
LETTERS = ["a", "b", "ä", "\U0001f600", "~", "\ufffd", "\0"]
REALS = [-2.5, -0.0, 0.0, 1.5, 2.0 ** 100, float("inf"), float("nan")]
METRICS = ["full", "truncate(16)", "truncate(2)", "counts", "none"]


def _text(rng):
    start = "a prefix of many letters " if rng.random() < 0.15 else ""
    return start + "".join(rng.choice(LETTERS) for _ in range(rng.randrange(4)))


def _moment(rng):
    hours, more = rng.randrange(-40, 40) * 25, rng.randrange(3)
    return EPOCH + datetime.timedelta(hours=hours, microseconds=more)


def _decimal(rng):
    return decimal.Decimal(rng.randrange(-99, 99) * 7).scaleb(-2)


# Values are few, so that rows, bounds and literals meet.
KINDS = {
    "flag": (BooleanType(), lambda rng: rng.random() < 0.5),
    "int": (IntegerType(), lambda rng: rng.randrange(-12, 13)),
    "long": (LongType(), lambda rng: rng.choice([rng.randrange(-12, 13), 2 ** 62, -2 ** 62])),
    "float": (FloatType(), lambda rng: rng.choice(REALS)),
    "double": (DoubleType(), lambda rng: rng.choice(REALS)),
    "decimal": (DecimalType(9, 2), _decimal),
    "date": (DateType(), lambda rng: _moment(rng).date()),
    "time": (TimeType(), lambda rng: _moment(rng).time()),
    "ts": (TimestampType(), _moment),
    "tstz": (TimestamptzType(), lambda rng: _moment(rng).replace(tzinfo=datetime.timezone.utc)),
    "text": (StringType(), _text),
    "uuid": (UUIDType(), lambda rng: uuid.UUID(int=rng.choice([0xf << 124, 7 << 60])
                                               + rng.randrange(4)).bytes),
    "fixed": (FixedType(3), lambda rng: bytes(rng.choice([0, 1, 255]) for _ in range(3))),
    "binary": (BinaryType(), lambda rng: bytes(rng.choice([0, 1, 255])
                                               for _ in range(rng.randrange(5)))),
}
TIMES = [YearTransform(), MonthTransform(), DayTransform()]


def _transforms(kind):
    """Those that PyIceberg can write with. By times of day and uuids it cannot partition at all,
    and fixed values it writes as no other library reads them (what Firn does with them is in
    tests/unit/scan/manifest_columns_test.c)."""
    found = [IdentityTransform()]
    if isinstance(kind, (IntegerType, LongType, DecimalType, DateType, TimestampType,
                         TimestamptzType, StringType, BinaryType)):
        found += [BucketTransform(3), BucketTransform(16)]
    if isinstance(kind, (IntegerType, LongType, StringType, DecimalType)):
        found += [TruncateTransform(1), TruncateTransform(10)]
    if isinstance(kind, (DateType, TimestampType, TimestamptzType)):
        found += TIMES
    if isinstance(kind, (TimestampType, TimestamptzType)):
        found.append(HourTransform())
    return found


class RandomTable:
    def __init__(self, catalog, identifier, seed):
        self.rng = random.Random(seed)
        self.actions = collections.Counter()
        self.names = 0
        self.table = self._create(catalog, identifier)
        steps = [self._append] * 4 + [self._overwrite, self._delete, self._delete, self._upsert,
                                      self._replace_partitions, self._schema, self._schema,
                                      self._spec, self._spec, self._properties, self._reference]
        self._attempt(self._append)
        for _ in range(STEPS):
            self._attempt(self.rng.choice(steps))

    def _attempt(self, step):
        name = "PyIceberg " + step.__name__.strip("_").replace("_", " ")
        try:
            step()
            self.actions[name] += 1
        except REFUSED:
            self.actions["refused " + name] += 1
        self.table.refresh()

    # --- schemas and specs ---

    def _create(self, catalog, identifier):
        kinds = self.rng.sample(sorted(KINDS), self.rng.randrange(4, 8))
        fields = [NestedField(number, f"c{number}_{kind}", KINDS[kind][0], required=False)
                  for number, kind in enumerate(kinds, 1)]
        fields.append(NestedField(20, "s", StructType(
            NestedField(21, "inner", LongType(), required=False)), required=False))
        schema = Schema(*fields)
        parts = [PartitionField(field.field_id, 1000 + place,
                                self.rng.choice(_transforms(field.field_type)), f"p{place}")
                 for place, field in enumerate(self.rng.sample(self._partitionable(fields),
                                                              self.rng.randrange(3)))]
        version = self.rng.choice([1, 2, 2])
        self.actions[f"PyIceberg version {version}"] += 1
        return catalog.create_table(identifier, schema, partition_spec=PartitionSpec(*parts),
                                    properties={
            "format-version": str(version),
            "write.metadata.metrics.default": self.rng.choice(METRICS),
            "commit.manifest-merge.enabled": self.rng.choice(["true", "false"]),
            "commit.manifest.min-count-to-merge": "2",
            "write.metadata.compression-codec": self.rng.choice(["gzip", "none"])})

    @staticmethod
    def _partitionable(fields):
        return [field for field in fields
                if not isinstance(field.field_type, (StructType, TimeType, UUIDType, FixedType))]

    def _leaves(self):
        return [field for field in self.table.schema().fields
                if not isinstance(field.field_type, StructType)]

    def _schema(self):
        leaf = self.rng.choice(self._leaves())
        kind = self.rng.choice(sorted(KINDS))
        self.names += 1
        with self.table.update_schema() as update:
            step = self.rng.randrange(4)
            if step == 0:
                update.rename_column(leaf.name, f"r{self.names}")
            elif step == 1:
                update.delete_column(leaf.name)
            elif step == 2 and isinstance(leaf.field_type, IntegerType):
                update.update_column(leaf.name, LongType())
            elif step == 2 and isinstance(leaf.field_type, FloatType):
                update.update_column(leaf.name, DoubleType())
            else:
                update.add_column(f"n{self.names}_{kind}", KINDS[kind][0])

    def _spec(self):
        parts = self.table.spec().fields
        self.names += 1
        with self.table.update_spec() as update:
            if parts and self.rng.random() < 0.5:
                update.remove_field(self.rng.choice(parts).name)
            else:
                leaf = self.rng.choice(self._partitionable(self._leaves()))
                update.add_field(leaf.name, self.rng.choice(_transforms(leaf.field_type)),
                                 f"q{self.names}")

    def _properties(self):
        with self.table.transaction() as change:
            change.set_properties({"write.metadata.metrics.default": self.rng.choice(METRICS)})
            if self.table.format_version == 1:
                change.upgrade_table_version(2)

    def _reference(self):
        self.names += 1
        current = self.table.current_snapshot()
        if current is None:
            raise ValueError("no snapshots")
        self.table.manage_snapshots().create_tag(current.snapshot_id, f"t{self.names}").commit()

    # --- rows ---

    def _value(self, kind):
        [make] = [make for known, make in KINDS.values() if known == kind]
        return None if self.rng.random() < 0.15 else make(self.rng)

    def _row(self, schema):
        return {field.name: {"inner": self._value(LongType())}
                if isinstance(field.field_type, StructType) else self._value(field.field_type)
                for field in schema.fields}

    def _rows(self):
        schema = self.table.schema()
        rows = [self._row(schema) for _ in range(self.rng.randrange(1, 8))]
        return pa.Table.from_pylist(rows, schema=schema_to_pyarrow(schema, include_field_ids=False))

    def _filter(self):
        leaf = self.rng.choice([leaf for leaf in self._leaves()
                                if isinstance(leaf.field_type, (IntegerType, LongType, StringType))]
                               or self._leaves())
        if isinstance(leaf.field_type, (IntegerType, LongType)):
            return self.rng.choice([GreaterThan(leaf.name, self.rng.randrange(-5, 12)),
                                    In(leaf.name, {1, 2, 3, 5, 7})])
        if isinstance(leaf.field_type, StringType):
            return EqualTo(leaf.name, self.rng.choice(LETTERS))
        return IsNull(leaf.name)

    def _append(self):
        self.table.append(self._rows())

    def _overwrite(self):
        self.table.overwrite(self._rows(), self._filter())

    def _delete(self):
        self.table.delete(self._filter())

    def _replace_partitions(self):
        self.table.dynamic_partition_overwrite(self._rows())

    def _upsert(self):
        names = [leaf.name for leaf in self._leaves()
                 if isinstance(leaf.field_type, (IntegerType, LongType, StringType))]
        rows = self._rows()
        keys = rows.column(names[0]).to_pylist() if names else []
        distinct = [keys.index(key) for key in dict.fromkeys(keys) if key is not None]
        self.table.upsert(rows.take(distinct), join_cols=names[:1])
