"""One answer of a catalog beside Iceberg's own: what the two disagree about.

Left out of the comparison is what must differ: uuids that a server makes, the clock's times (a
log's entry is still told apart as "the snapshot's own time", "as it was" or "now"), and the order
of lists that are sets.
"""

import dataclasses

ACCEPTED = "accepted"
# In an order that means nothing (the library's is a hash's, or the one of its last clean-up).
SETS = {"statistics": "snapshot-id", "partition-statistics": "snapshot-id",
        "versions": "version-id"}
LOGS = {"snapshot-log": ("snapshots", "snapshot-id"), "version-log": ("versions", "version-id")}
UUIDS = {"table-uuid", "view-uuid"}
# Where the protocol names an error's type, it is compared; of a 400 it names none.
TYPED = {404, 406, 409}


@dataclasses.dataclass
class Finding:
    """A difference; `java` and `firn` are two messages, or two values of `member`."""

    member: str  # "verdict" for accepted here and refused there
    java: object
    firn: object
    step: dict
    base: dict
    rules: list = None  # the intended differences that explain it

    def key(self):
        """What a smaller case has to have in common with this one."""
        if self.member != "verdict":
            return self.member
        return (self.java == ACCEPTED, self.firn == ACCEPTED)

    def __str__(self):
        return f"{self.member}:\n    Java: {self.java}\n    Firn: {self.firn}"


def java_says(verdict):
    """"accepted", or "500 NullPointerException at updates: …"."""
    error = verdict.get("error")
    if not error:
        return ACCEPTED
    return f"{error['status']} {error['type']} at {error['step']}: {error['message']}"


def firn_says(status, body):
    if status < 300:
        return ACCEPTED
    error = (body or {}).get("error", {})
    return f"{status} {error.get('type')}: {error.get('message')}"


def same_verdict(verdict, status, body):
    error = verdict.get("error")
    if not error or status < 300:
        return not error and status < 300
    if error["step"] == "reread":
        return False  # Java accepts it, and can never load the result.
    if error["step"] == "parse":
        return 400 <= status < 500  # The reference's web server answers these by itself.
    if error["status"] != status:
        return False
    return status not in TYPED or error["type"] == (body or {}).get("error", {}).get("type")


def named_times(log, metadata, base_log, item_list, id_name):
    """A log whose times are said in words: they differ between two clocks, their origin may not."""
    own = {item[id_name]: item.get("timestamp-ms") for item in metadata.get(item_list, [])}
    before = [(entry[id_name], entry["timestamp-ms"]) for entry in base_log]
    named = []
    for entry in log:
        time_ms = entry["timestamp-ms"]
        if (entry[id_name], time_ms) in before:
            word = time_ms
        else:
            word = "own" if own.get(entry[id_name]) == time_ms else "now"
        named.append({id_name: entry[id_name], "time": word})
    return named


def ordered_identifiers(schema):
    if "identifier-field-ids" not in schema:
        return schema
    return {**schema, "identifier-field-ids": sorted(schema["identifier-field-ids"])}


def comparable(metadata, base, fresh):
    kept = {key: value for key, value in metadata.items() if key != "last-updated-ms"}
    for log, (items, id_name) in LOGS.items():
        if log in kept:
            base_log = (base or {}).get(log, [])
            kept[log] = named_times(kept[log], metadata, base_log, items, id_name)
    for name in SETS.keys() & kept.keys():
        kept[name] = sorted(kept[name], key=lambda entry, key=SETS[name]: entry[key])
    kept["schemas"] = [ordered_identifiers(schema) for schema in kept["schemas"]]
    if "schema" in kept:
        kept["schema"] = ordered_identifiers(kept["schema"])
    if fresh:
        kept = {key: value for key, value in kept.items() if key not in UUIDS}
        if "versions" in kept:
            kept["versions"] = [{**version, "timestamp-ms": "now"}
                                for version in kept["versions"]]
    return kept


def compare(step, base, verdict, status, body, fresh=False):
    """The findings of one step, not yet explained."""
    if not same_verdict(verdict, status, body):
        return [Finding("verdict", java_says(verdict), firn_says(status, body), step, base)]
    if status >= 300 or "error" in verdict:
        return []
    java = comparable(verdict["metadata"], base, fresh)
    firn = comparable(body["metadata"], base, fresh)
    return [Finding(name, java.get(name), firn.get(name), step, base)
            for name in sorted(java.keys() | firn.keys()) if java.get(name) != firn.get(name)]


def unchanged(step, base, location, verdict, body):
    """Nothing changed: no file is written, and the old one is answered. Else it is a new one."""
    if verdict.get("changed") is None or location is None:
        return []
    java = "a new file" if verdict["changed"] else "the same file"
    firn = "the same file" if body["metadata-location"] == location else "a new file"
    return [] if java == firn else [Finding("metadata-location", java, firn, step, base)]
