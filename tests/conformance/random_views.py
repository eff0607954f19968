"""Random updates of a view, legal and illegal, made to fit its present metadata."""

import time

from random_schemas import first_schema, wrong

VIEW_AGE_MS = 20_000


class ViewUpdates:
    """Updates for one view; `metadata` is what its last answer said."""

    def __init__(self, rng, base_location):
        self.rng = rng
        self.base_location = base_location
        self.metadata = None

    def version(self, version_id, schema_id):
        rng = self.rng
        dialects = rng.sample(["spark", "trino", "Spark"], rng.choice([1, 1, 1, 2]))
        version = {"version-id": version_id, "schema-id": schema_id,
                   "timestamp-ms": int(time.time() * 1000) - VIEW_AGE_MS,
                   "summary": {"engine": rng.choice(["e", "e", "f"])},
                   "default-namespace": rng.choice([["ns"], ["ns"], [], ["a", "b"]]),
                   "representations": [
                       {"type": "sql", "dialect": dialect,
                        "sql": f"select {rng.randint(1, 3)}"} for dialect in dialects]}
        if rng.random() < 0.2:
            version["default-catalog"] = rng.choice(["cat", "dog"])
        if wrong(rng, 20):
            self.spoil(version)
        return version

    def spoil(self, version):
        rng = self.rng
        rng.choice([lambda: version.pop("summary"), lambda: version.pop("default-namespace"),
                    lambda: version.pop("schema-id"), lambda: version.pop("version-id"),
                    lambda: version.pop("timestamp-ms"), lambda: version.pop("representations"),
                    lambda: version.update(representations=[]),
                    lambda: version.update({"default-catalog": None}),
                    lambda: version["representations"][0].pop("sql"),
                    lambda: version["representations"][0].pop("dialect"),
                    lambda: version["representations"][0].update(type="python")])()

    def add_version(self):
        rng = self.rng
        schemas = [schema["schema-id"] for schema in self.metadata["schemas"]]
        known = [version["version-id"] for version in self.metadata["versions"]]
        schema_id = 99 if wrong(rng) else rng.choice([-1, *schemas, *schemas])
        return {"action": "add-view-version",
                "view-version": self.version(rng.choice([1, 4, 9, 10, *known]), schema_id)}

    def replace(self):
        current = {"action": "set-current-view-version", "view-version-id": -1}
        schema = {"action": "add-schema", "schema": first_schema(self.rng)}
        parts = [self.add_version()]
        if self.rng.random() < 0.4:
            parts = [schema, {"action": "add-view-version", "view-version": self.version(9, -1)}]
        return [*parts, current] if self.rng.random() < 0.85 else parts

    def set_current(self):
        known = [version["version-id"] for version in self.metadata["versions"]]
        chosen = self.rng.choice([-1, 99]) if wrong(self.rng, 5) else self.rng.choice(known)
        return [{"action": "set-current-view-version", "view-version-id": chosen}]

    def properties(self):
        rng = self.rng
        size = rng.choice(["0", "-1", "x"]) if wrong(rng, 5) else rng.choice(["1", "2", "3"])
        return [{"action": "set-properties", "updates": rng.choice([
            {"version.history.num-entries": size}, {"a": "b"}, {"comment": "c"},
            {"replace.drop-dialect.allowed": rng.choice(["true", "true", "TRUE", "false"])}])}]

    def misc(self):
        return [self.rng.choice([
            {"action": "remove-properties", "removals": ["version.history.num-entries", "a"]},
            {"action": "remove-properties", "removals": []},
            {"action": "set-location", "location": f"{self.base_location}/v"},
            {"action": "set-location", "location": self.metadata["location"]},
            {"action": "assign-uuid", "uuid": self.metadata["view-uuid"]},
            {"action": "assign-uuid", "uuid": "8a6fa1a3-7ac7-4b3e-a5f5-3a5b1a1d4d10"},
            {"action": "upgrade-format-version", "format-version": 1},
            {"action": "upgrade-format-version", "format-version": self.rng.choice([0, 2])},
            {"action": "add-schema", "schema": first_schema(self.rng)},
            {"action": "set-default-spec", "spec-id": 0}])]

    def commit(self):
        updates = []
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            updates += self.rng.choice([self.replace, self.replace, self.replace, self.set_current,
                                        self.properties, self.misc])()
        return updates

    def requirements(self, stale=None):
        del stale  # Nothing that a view asserts ever changes.
        good = {"type": "assert-view-uuid", "uuid": self.metadata["view-uuid"]}
        bad = [{"type": "assert-view-uuid", "uuid": "0" * 8}, {"type": "assert-create"},
               {"type": "assert-table-uuid", "uuid": self.metadata["view-uuid"]}]
        made = self.rng.choice(bad) if wrong(self.rng) else good
        return [made] if self.rng.random() < 0.5 else []


def create_view_request(rng, name, location):
    """createView's body."""
    return {"name": name, "schema": first_schema(rng), "location": location,
            "view-version": ViewUpdates(rng, location).version(1, 0),
            "properties": rng.choice([{}, {"a": "b"}, {"replace.drop-dialect.allowed": "true"}])}
