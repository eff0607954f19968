"""The documents and the table of operations say the same."""

import re

import pytest
from openapi_spec_validator import validate

import operations


def rows(of_protocol_only=False):
    return {(row.id, row.method, row.path) for row in operations.OPERATIONS
            if row.is_protocol or not of_protocol_only}


def test_firn_yaml__is_valid_openapi(contract):
    validate(contract.firn.document)


def test_firn_yaml__has_the_operations_of_operations_h(contract):
    assert contract.firn.rows() == rows()


def test_operations_h__has_the_operations_of_the_protocol(contract):
    if contract.protocol is None:
        pytest.skip("the protocol's document is not at hand: set FIRN_PROTOCOL_YAML")
    assert rows(of_protocol_only=True) == contract.raw_protocol.rows()


def test_firn_yaml__declares_what_any_operation_may_answer(contract):
    for operation_id, _, _ in contract.firn.rows():
        for status in (400, 403, 405, 413, 429, 500, 507):
            if operation_id == "getToken" and status in (405, 507):
                continue
            assert contract.firn.response(operation_id, status)["description"]


def test_firn_yaml__describes_a_key_for_every_change(contract):
    without_key = {"getToken", "signRequest", "signObject", "checkWarehouse", "reportMetrics", "explainPlan",
                   "checkRegister"}
    for row in operations.OPERATIONS:
        if row.method not in ("POST", "PUT", "DELETE") or row.id in without_key:
            continue
        declared = [item.get("$ref", "") for item in
                    contract.firn.document["paths"][row.path][row.method.lower()]["parameters"]]
        assert "#/components/parameters/idempotency-key" in declared, row.id


def test_error_page__has_the_kinds_of_the_server(contract):
    source = (operations.ROOT / "server" / "reply.c").read_text()
    kinds = re.findall(r'\[ERROR_(\w+)\] = \{(\w+), (\w+), "(\w+)"\}', source)
    wanted = {}
    for kind, status, change_status, name in kinds:
        change_status = change_status.replace("DEFINITE", "507")
        both = status if status == change_status else f"{status}, of a change {change_status}"
        wanted[kind.lower()] = (both, name)
    assert wanted.pop("none")
    page = (operations.ROOT / "docs" / "http-errors.md").read_text()
    told = {row[0]: (row[1], row[2]) for row in
            re.findall(r"^\| (\w+) \| ([^|]+) \| (\w+) \|", page, re.MULTILINE)
            if row[0] != "kind"}
    assert told == wanted
