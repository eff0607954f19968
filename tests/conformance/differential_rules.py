"""The differences from Iceberg's library that are intended, each matched as narrowly as can be.

docs/intended-differences.md has the same table in words: what each side does, why, and by which
rule; differential_cases.py has a case for each. A rule of VERDICTS matches what the two said, one
of MEMBERS takes its difference out of a member's two values, after which they have to be equal.
"""

import json
import re

from differential_compare import ACCEPTED

# Exceptions of Java's that no one expected there: its server answers 500, and so "outcome unknown".
CRASHES = "|".join([
    r"NullPointerException at (build|create): (None|Cannot read field \"fields\")",
    r"NullPointerException at \w+: Cannot invoke \"String.isEmpty\(\)\" because \"name\" is null",
    r"NullPointerException at updates: (None|Cannot invoke .* because \"schema\" is null)",
    r"(NumberFormat|DateTimeParse)Exception at \w+: ",
    r"IllegalStateException at \w+: Invalid schema for v",
    r"IllegalStateException at build: Cannot replace view due to loss of view dialects",
    r"IllegalStateException at create: (Cannot create view without|Found unsupported view rep)"])

# Java lets the part pass that Firn refuses; a later one of the commit may still be behind.
PASSED = rf"{ACCEPTED}|409 CommitFailedException at updates: "
# Name: (what Java says, what Firn says), as patterns of differential_compare's sentences.
VERDICTS = {
    "server-error-for-a-wrong-request": (rf"500 ({CRASHES})", r"400 "),
    "unsupported-operation-for-a-wrong-request": (
        r"406 UnsupportedOperationException at \w+: Cannot (truncate type|serialize unsupported "
        r"view representation)", r"400 "),
    "update-of-the-other-kind": (
        r"(406 .*: Cannot apply update \w+ to a |409 CommitFailedException at requirements: )",
        r"400 .*(unknown update .* for a view|is for views, not for tables)"),
    "last-added-may-be-an-old-one": (
        r"400 ValidationException at updates: Cannot set last (added (schema|spec|sort order)|"
        r"version id): no ", rf"{ACCEPTED}|409 CommitFailedException"),
    "partition-name-of-a-column": (
        PASSED, r"400 .*Cannot create partition from name that exists in schema"),
    "partition-field-twice": (
        PASSED, r"400 .*(Cannot add redundant partition|partition field id \d+ is used more "
        r"than once)"),
    "format-versions-1-to-3": (PASSED, r"400 .*nsupported format version: v(4|0|-\d+) "),
    "refs-of-a-table-with-statistics": (
        r"400 IllegalArgumentException at refs: Cannot set metadata location with changes",
        ACCEPTED),
    "remove-more-snapshots-than-there-are": (
        r"400 IllegalArgumentException at updates: arraySize cannot be negative", ACCEPTED),
    "unknown-default-in-passing": (
        PASSED, r"400 .*set-default-(spec|sort-order): Cannot set default .* to unknown "),
    "commit-that-none-could-read": (r"\d+ \w+ at reread: ", r"400 "),
    "sequence-numbers-of-version-1": (
        r"400 ValidationException at build: Invalid snapshot with sequence number", ACCEPTED),
    "negative-numbers": (
        PASSED, r"400 .* cannot be negative"),
    "transform-of-a-promoted-date": (
        r"400 ValidationException at build: Invalid source type timestamp(tz)?(_ns)? for "
        r"transform: (year|month|day)", ACCEPTED),
    "uuid-that-is-none": (PASSED, r"400 .*assign-uuid: uuid is not a UUID"),
    "main-is-a-branch": (PASSED, r"400 .*Cannot set main to a tag, it must be a branch"),
    "null-for-an-optional-field": (
        r"400 IllegalArgumentException at parse: Cannot parse to an? \w+ value: [\w-]+: null",
        ACCEPTED),
}


RESERVED = {"format-version", "uuid", "snapshot-count", "current-snapshot-id", "current-schema",
            "default-partition-spec", "default-sort-order", "current-snapshot-summary",
            "current-snapshot-timestamp-ms"}


def without_reserved(java, firn, finding):
    """Java keeps reserved properties that an update sets."""
    if finding.member != "properties":
        return without_empty_commit(java, firn, finding, sets_only_reserved)
    asked = json.dumps(finding.step)
    return {name: value for name, value in (java or {}).items()
            if name not in RESERVED or f'"{name}"' not in asked or name in (firn or {})}, firn


def without_created_at(java, firn, finding):
    if finding.step.get("body", {}).get("stage-create"):
        java = {name: value for name, value in java.items() if name != "created-at"}
    return java, firn


def sets_only_reserved(update):
    names = update.get("updates", {}) if update.get("action") == "set-properties" else {}
    return bool(names) and RESERVED.issuperset(names)


def sets_slash(update):
    return update.get("action") == "set-location" and str(update.get("location")).endswith("/")


def without_slash_commit(java, firn, finding):
    """To Firn a location with a slash behind it is the one without."""
    return without_empty_commit(java, firn, finding, sets_slash)


def without_empty_commit(java, firn, finding, changes_nothing):
    """To Firn nothing has changed, and so it has written no file."""
    if not any(map(changes_nothing, updates(finding))):
        return java, firn
    if finding.member == "metadata-log":
        return java[-len(firn) - 1:-1] if firn else [], firn
    return firn, firn


def with_request_summary(java, firn, finding):
    if finding.step["op"] != "create-view":
        return java, firn
    summary = finding.step["body"]["view-version"]["summary"]
    own = re.compile(r"^Apache Iceberg ")
    return [{**version, "summary": summary}
            if own.match(version["summary"].get("iceberg-version", "")) else version
            for version in java], firn


GEO_NAMES = {"geometry": "geometry(OGC:CRS84)", "geography": "geography(OGC:CRS84, spherical)"}


def mapped(value, change):
    """The same JSON with `change` made to each object, innermost first."""
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    if isinstance(value, dict):
        return change({name: mapped(item, change) for name, item in value.items()})
    return value


def with_geo_parameters(java, firn, finding):
    del finding
    def spell(item):
        return {name: GEO_NAMES.get(value, value) if name in ("type", "element", "key", "value")
                and isinstance(value, str) else value for name, value in item.items()}
    return mapped(java, spell), mapped(firn, spell)


def with_small_hex(java, firn, finding):
    del finding
    def spell(item):
        kind = str(item.get("type"))
        if kind not in ("uuid", "binary") and not kind.startswith("fixed"):
            return item
        return {name: value.lower() if name.endswith("-default") and isinstance(value, str)
                else value for name, value in item.items()}
    return mapped(java, spell), mapped(firn, spell)


def kinds_with_ids(specs):
    return {(field.get("source-id"), field["transform"], field["field-id"])
            for spec in specs for field in spec["fields"]}


def reuses_field_id(java, base):
    """A new field of Java's has an id that the table had given out before."""
    known = kinds_with_ids((base or {}).get("partition-specs", []))
    last = (base or {}).get("last-partition-id", 0)
    return any(field_id <= last for _, _, field_id in kinds_with_ids(java) - known)


def broken_field_ids(specs):
    """How often one id has two kinds of field, or one kind of field two ids."""
    pairs = kinds_with_ids(specs)
    return 2 * len(pairs) - len({field_id for _, _, field_id in pairs}) - \
        len({(source, name) for source, name, _ in pairs})


def without_field_ids(java, firn, finding):
    """Java hands out ids that other fields have: allowed only where that is so."""
    if finding.member == "last-partition-id":
        adds = any(update.get("action", "").lower() == "add-spec" for update in updates(finding))
        return (firn, firn) if adds and finding.base and java < firn else (java, firn)
    if broken_field_ids(java) > broken_field_ids(firn) or reuses_field_id(java, finding.base):
        return mapped(java, drop_id), mapped(firn, drop_id)
    return java, firn


def without_reused_ids(java, firn, finding):
    """Java gives the id of a spec or schema that the same commit has removed to a new one."""
    actions = {update.get("action") for update in updates(finding)}
    if not actions & {"remove-partition-specs", "remove-schemas"}:
        return java, firn
    if isinstance(java, int):
        return (firn, firn) if java < firn else (java, firn)
    def drop(item):
        return {name: value for name, value in item.items()
                if name not in ("spec-id", "schema-id")}
    return mapped(java, drop), mapped(firn, drop)


def drop_id(item):
    return {name: value for name, value in item.items() if name != "field-id"}


def updates(finding):
    return [update for part in finding.step.get("parts", [finding.step])
            for update in part.get("body", {}).get("updates", [])]


# Name: (members, what takes the difference out of a pair of values).
MEMBERS = {
    "reserved-properties": ({"properties", "metadata-log", "metadata-location"},
                            without_reserved),
    "location-with-a-slash": ({"metadata-log", "metadata-location"}, without_slash_commit),
    "no-created-at": ({"properties"}, without_created_at),
    "summary-of-a-created-view": ({"versions"}, with_request_summary),
    "geo-types-in-full": ({"schemas", "schema"}, with_geo_parameters),
    "spelling-of-defaults": ({"schemas", "schema"}, with_small_hex),
    "removed-id-is-not-reused": (
        {"partition-specs", "default-spec-id", "schemas", "current-schema-id"},
        without_reused_ids),
    "partition-field-ids": ({"partition-specs", "last-partition-id"}, without_field_ids),
}

def is_behind_without_parent(finding):
    """Firn met a lower number of a snapshot without parent, which Java lets pass at first."""
    orphans = [update for update in updates(finding) if isinstance(update.get("snapshot"), dict)
               and update["snapshot"].get("parent-snapshot-id") is None]
    return orphans and re.match(rf"{ACCEPTED}|400 |500 ({CRASHES})", finding.java) and \
        re.match(r"409 CommitFailedException: .*older than last sequence number", finding.firn)


NULL_DEFAULT = re.compile(r'"(initial|write)-default": null')


def explain_verdict(finding):
    """Two rules look at the request as well; the others are told by what both said."""
    if NULL_DEFAULT.search(json.dumps(finding.step)) and re.match(
            r"\d+ (NullPointerException|IllegalArgumentException) at (create|parse): "
            r"(Cannot create expression literal from null|.*\"value\" is null|None|"
            r".*\(was java.lang.NullPointerException\))",
            finding.java):
        return ["null-default"]
    if is_behind_without_parent(finding):
        return ["sequence-number-behind"]
    return [name for name, (java, firn) in VERDICTS.items()
            if re.match(java, finding.java) and re.match(firn, finding.firn, re.DOTALL)][:1]


def explain(finding):
    """The names of the rules that intend this difference; none if it is not intended."""
    if finding.member == "verdict":
        return explain_verdict(finding)
    java, firn, used = finding.java, finding.firn, []
    for name, (members, even) in MEMBERS.items():
        if finding.member in members and java != firn:
            before = (java, firn)
            java, firn = even(java, firn, finding)
            used += [name] if (java, firn) != before else []
    return used if java == firn else []


def rule_names():
    return {"null-default", "sequence-number-behind", *VERDICTS, *MEMBERS}
