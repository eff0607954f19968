"""Random schemas, partition specs and sort orders: mostly legal, now and then not."""

PRIMITIVES = ["boolean", "int", "long", "float", "double", "date", "time", "timestamp",
              "timestamptz", "string", "uuid", "fixed[4]", "binary", "decimal(9, 2)"]
NEWER = ["timestamp_ns", "timestamptz_ns", "variant", "unknown", "geometry", "geography",
         "geometry(srid:3857)", "geography(srid:4326,karney)"]
WRONG_TYPES = ["decimal(50, 2)", "fixed[0]", "tinyint", "", "INT", "decimal(9,2)", "fixed[ 4 ]"]
TRANSFORMS_OF_TYPE = {
    "int": ["identity", "void", "bucket[16]", "truncate[4]"],
    "long": ["identity", "void", "bucket[16]", "truncate[4]"],
    "string": ["identity", "void", "bucket[16]", "truncate[4]"],
    "binary": ["identity", "void", "bucket[8]", "truncate[4]"],
    "decimal(9, 2)": ["identity", "void", "bucket[8]", "truncate[4]"],
    "uuid": ["identity", "void", "bucket[8]"],
    "date": ["identity", "void", "bucket[8]", "year", "month", "day"],
    "time": ["identity", "void", "bucket[8]"],
    "timestamp": ["identity", "void", "bucket[8]", "year", "month", "day", "hour"],
    "timestamptz": ["identity", "void", "bucket[8]", "year", "month", "day", "hour"],
    "timestamp_ns": ["identity", "void", "year", "month", "day", "hour"],
}
ANY_TRANSFORM = ["identity", "void", "bucket[16]", "truncate[4]", "year", "hour", "zorder",
                 "bucket[0]", "truncate[-1]", "IDENTITY", "Bucket[4]", "bucket", "unknown[3]"]
DEFAULTS = {
    "boolean": [True, "true"], "int": [34, 3.5, 2147483648], "long": [34, "34"],
    "float": [1.5, 1], "double": [-0.25, 7], "date": ["2017-11-16", "2017-13-16", 5],
    "time": ["22:31:08.123456", "25:00:00"],
    "timestamp": ["2017-11-16T22:31:08.000001", "2017-11-16T22:31:08", "noon"],
    "timestamptz": ["2017-11-16T22:31:08+00:00", "2017-11-16T22:31:08+01:00"],
    "timestamp_ns": ["2017-11-16T22:31:08.000001001"], "string": ["iceberg", "", 5],
    "uuid": ["f79c3e09-677c-4bbd-a479-3f349cb785e7", "F79C3E09-677C-4BBD-A479-3F349CB785E7", "x"],
    "fixed[4]": ["01020304", "010203"], "binary": ["0fFF", "zz"],
    "decimal(9, 2)": ["14.20", "14.2", "1E2"],
}
# Now and then a part is not what it must be.
WRONG_ONE_IN = 10


def wrong(rng, one_in=WRONG_ONE_IN):
    return rng.randrange(one_in) == 0


class Columns:
    """Makes columns with ids of its own, counted from `last_id`."""

    def __init__(self, rng, last_id, version, names="c"):
        self.rng, self.last_id, self.version, self.names = rng, last_id, version, names

    def next_id(self):
        self.last_id += 1
        return self.last_id

    def primitive(self):
        rng = self.rng
        if wrong(rng, 40):
            return rng.choice(WRONG_TYPES)
        newer_fits = self.version >= 3 or wrong(rng, 20)
        return rng.choice(PRIMITIVES + NEWER if newer_fits else PRIMITIVES)

    def any_type(self, depth=0):
        kind = self.rng.choice(["primitive"] * 6 + ["struct", "list", "map"])
        if kind == "primitive" or depth > 1:
            return self.primitive()
        if kind == "struct":
            return {"type": "struct", "fields": [
                self.column(depth + 1, f"x{i}") for i in range(self.rng.randint(1, 2))]}
        if kind == "list":
            return {"type": "list", "element-id": self.next_id(),
                    "element": self.any_type(depth + 1),
                    "element-required": self.rng.random() < 0.5}
        return {"type": "map", "key-id": self.next_id(), "key": self.primitive(),
                "value-id": self.next_id(), "value": self.any_type(depth + 1),
                "value-required": self.rng.random() < 0.5}

    def column(self, depth=0, name=None, required=None):
        rng, own_id = self.rng, self.next_id()
        column = {"id": own_id, "name": name or f"{self.names}{own_id}", "required": required
                  if required is not None else rng.random() < 0.3, "type": self.any_type(depth)}
        if rng.random() < 0.1:
            column["doc"] = rng.choice(["a column", ""])
        if rng.random() < 0.15 and isinstance(column["type"], str):
            self.add_defaults(column)
        return column

    def add_defaults(self, column):
        rng = self.rng
        values = DEFAULTS.get(column["type"], [None])
        value = rng.choice(values) if wrong(rng, 4) else values[0]
        value = None if wrong(rng, 8) else value
        for name in rng.choice([["write-default"], ["initial-default", "write-default"],
                                ["initial-default"]]):
            if name == "write-default" or self.version >= 3 or wrong(rng):
                column[name] = value


def spoil_schema(rng, schema):
    """One thing about it becomes odd or illegal."""
    fields = schema["fields"]
    if not fields:
        return
    one, other = rng.choice(fields), rng.choice(fields)
    rng.choice([lambda: one.update(name=other["name"]), lambda: one.update(id=other["id"]),
                lambda: one.update(name=other["name"].upper()), lambda: one.update(name=""),
                lambda: one.update(name="a.b"), lambda: one.pop("required", None),
                lambda: one.pop("name"), lambda: one.update(id=-1), lambda: one.update(id="1"),
                lambda: one.update(type=None), lambda: schema.update(fields=[]),
                lambda: schema.update(type="list"), lambda: one.update(id=2147483646),
                lambda: schema.update({"identifier-field-ids": [999]}),
                lambda: schema.update({"identifier-field-ids": [one["id"], one["id"]]})])()


def leaves(fields, inside=False):
    """Every column and every struct member, with whether a list or map is above it."""
    for field in fields:
        yield field, inside
        kind = field.get("type")
        if isinstance(kind, dict) and kind.get("type") == "struct":
            yield from leaves(kind["fields"], inside)
        elif isinstance(kind, dict):
            part = kind.get("element", kind.get("value"))
            if isinstance(part, dict) and part.get("type") == "struct":
                yield from leaves(part["fields"], True)


def add_identifier(rng, schema):
    if not schema["fields"]:
        return
    fitting = [field for field, inside in leaves(schema["fields"]) if not inside and
               field.get("required") and field.get("type") not in ("float", "double") and
               isinstance(field.get("type"), str)]
    chosen = [rng.choice(schema["fields"])] if wrong(rng, 6) or not fitting \
        else rng.sample(fitting, rng.randint(1, min(2, len(fitting))))
    schema["identifier-field-ids"] = [field["id"] for field in chosen]


def first_schema(rng, version=2, last_id=None):
    columns = Columns(rng, rng.choice([0, 0, 9]) if last_id is None else last_id, version)
    fields = [columns.column(required=True if i == 0 else None) for i in range(rng.randint(1, 5))]
    schema = {"type": "struct", "schema-id": rng.randint(0, 3), "fields": fields}
    if rng.random() < 0.2:
        add_identifier(rng, schema)
    if wrong(rng, 20):
        spoil_schema(rng, schema)
    return schema


def transform_of(rng, field):
    fitting = TRANSFORMS_OF_TYPE.get(str(field.get("type")), ["identity", "void"])
    return rng.choice(ANY_TRANSFORM if wrong(rng) else fitting)


def source_of(rng, fields):
    """A column to partition or sort by: mostly primitive, and mostly not in a list or map."""
    every = list(leaves(fields))
    fitting = [field for field, inside in every if not inside and
               str(field.get("type")) in TRANSFORMS_OF_TYPE]
    if fitting and not wrong(rng, 12):
        return rng.choice(fitting)
    if wrong(rng, 3) or not every:
        return {"id": 777, "name": "gone", "type": "int"}
    return rng.choice(every)[0]


def spec_of(rng, fields, last_id=999):
    spec = {"spec-id": rng.randint(0, 5), "fields": []}
    with_ids = rng.random() < 0.3
    for i in range(rng.choice([0, 1, 1, 2, 3])):
        field = source_of(rng, fields)
        transform = transform_of(rng, field)
        name = f"{field.get('name')}_{transform.partition('[')[0]}"
        if transform == "identity" and rng.random() < 0.7:
            name = field.get("name")
        elif wrong(rng, 12):
            first = fields[0].get("name") if fields else "q"
            name = rng.choice([field.get("name"), first, "p", ""])
        part = {"source-id": field.get("id"), "name": name, "transform": transform}
        if with_ids:
            part["field-id"] = last_id + 1 + i + (rng.choice([-2, -1, 1, 5]) if wrong(rng) else 0)
        spec["fields"].append(part)
    if wrong(rng, 30) and spec["fields"]:
        spec["fields"][0].pop(rng.choice(["source-id", "name", "transform"]))
    return spec


def order_of(rng, fields):
    chosen = [source_of(rng, fields) for _ in range(rng.choice([0, 1, 1, 2]))]
    order_id = rng.randint(1, 4) if chosen else 0
    if wrong(rng, 15):
        order_id = rng.choice([0, 1])
    return {"order-id": order_id, "fields": [
        {"source-id": field.get("id"), "transform": transform_of(rng, field),
         "direction": rng.choice(["asc", "desc", "ASC" if wrong(rng) else "asc"]),
         "null-order": rng.choice(["nulls-first", "nulls-last", "first" if wrong(rng, 20)
                                   else "nulls-first"])} for field in chosen]}
