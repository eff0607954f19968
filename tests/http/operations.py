"""The rows of openapi/operations.h, read from its text: what the server routes."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "openapi" / "operations.h"


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    state: str
    is_protocol: bool

    @property
    def segments(self):
        return self.path.split("/")


def _string_macros(text):
    macros = {}
    for name, value in re.findall(r'^#define (\w+) ((?:\w+ )?"[^"\n]*")$', text, re.MULTILINE):
        macros[name] = _join(value, macros)
    return macros


def _join(expression, macros):
    parts = re.findall(r'"([^"]*)"|(\w+)', expression)
    return "".join(literal or macros[name] for literal, name in parts)


def read(path=HEADER):
    """Every row, in the order of the file."""
    text = path.read_text()
    macros = _string_macros(text)
    rows_start = text.index("#define PROTOCOL_OPERATIONS")  # the comment before has a model row
    protocol_end = text.index("#define MANAGEMENT_OPERATIONS")
    rows = re.compile(
        r'X\((\w+),\s*([A-Z]+),\s*((?:\w+\s+)?"[^"]*"|\w+),\s*\w+,\s*\w+,[\s\\]*\w+,[\s\\]*(\w+)\)'
    )
    found = []
    for row in rows.finditer(text.replace("\\\n", "  "), rows_start):
        id_, method, expression, state = row.groups()
        if state not in ("SERVED", "HIDDEN"):
            raise ValueError(f"row of {id_} was not understood: state {state}")
        found.append(Operation(id_, method, _join(expression, macros), state,
                               row.start() < protocol_end))
    return found


OPERATIONS = read()
BY_ID = {operation.id: operation for operation in OPERATIONS}


def match(method, raw_path):
    """The operation of a path as sent (still encoded), or None. Paths of the protocol are served
    without their prefix too, and then mean the default warehouse."""
    segments = raw_path.split("/")
    short = [(operation, [part for part in operation.segments if part != "{prefix}"])
             for operation in OPERATIONS]
    full = [(operation, operation.segments) for operation in OPERATIONS]
    for operation, template in short + full:
        if operation.method == method and _fits(template, segments):
            return operation
    return None


def _fits(template, segments):
    if len(template) != len(segments):
        return False
    return all(part == segment or (part.startswith("{") and segment)
               for part, segment in zip(template, segments))
