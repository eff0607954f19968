"""Holds requests and answers against the API documents: openapi/firn.yaml always, and the
protocol's own document where it is at hand (FIRN_PROTOCOL_YAML names it)."""

import copy
import json
import os
from pathlib import Path
from urllib.parse import parse_qsl

import jsonschema
import yaml

import operations

FIRN_YAML = operations.ROOT / "openapi" / "firn.yaml"
PROTOCOL_NAME = "rest-catalog-open-api.yaml"

# What the protocol's document leaves out, for every operation.
STATUSES_LEFT_OUT = {405, 413, 414, 415, 429, 507}
# What it leaves out for single operations, each with the reason why Firn answers it all the same.
ANSWERS_LEFT_OUT = {
    ("createNamespace", 404): "the parent namespace, or the warehouse, does not exist",
    ("updateProperties", 409): "the same Idempotency-Key is being worked on, or state changed",
    ("dropTable", 409): "the table changed while it was dropped",
    ("unregisterTable", 409): "the table changed while it was unregistered",
    ("dropView", 409): "the view changed while it was dropped",
    ("signRequest", 404): "the warehouse or the table does not exist",
    ("getToken", 403): "a request of another origin",
    ("viewExists", 403): "a request of another origin",
}
# Parts of addresses that Firn itself tells clients, and that they send back without reading them.
QUERY_LEFT_OUT = {"loadCredentials": {"grant"}, "signRequest": {"grant"}}


class ContractError(AssertionError):
    """Traffic that a document does not allow."""


def protocol_path():
    """The protocol's document, or None where it is not at hand."""
    named = os.environ.get("FIRN_PROTOCOL_YAML")
    if named:
        return Path(named)
    beside = sorted(operations.ROOT.parent.glob(f"*/spec/{PROTOCOL_NAME}"))
    return beside[0] if beside else None


def _load(path):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(), Loader=loader)


def _corrected(node):
    """The protocol's document uses OpenAPI 3.0's `nullable` in a 3.1 document, and oneOf over
    schemas that overlap ("variant" is also a primitive type; every value matches several)."""
    if isinstance(node, list):
        return [_corrected(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _corrected(value) for key, value in node.items()}
    if "oneOf" in result and isinstance(result["oneOf"], list):
        result["anyOf"] = result.pop("oneOf")
    if result.pop("nullable", False) is True and "type" in result:
        result["type"] = [result["type"], "null"]
    return result


def _correct_protocol(document):
    document = _corrected(document)
    schemas = document["components"]["schemas"]
    # Format 3 writes null where there is no current snapshot, and Java's writer does so too.
    schemas["TableMetadata"]["properties"]["current-snapshot-id"]["type"] = ["integer", "null"]
    # A partition value may be null; the document has no null in its list, every writer writes it.
    partition = schemas["ContentFile"]["properties"]["partition"]
    partition["items"] = {"anyOf": [partition["items"], {"type": "null"}]}
    # A failed plan has a status beside its error, which the wrapper of errors, closed, rules out.
    wrapper = {key: value for key, value in schemas["IcebergErrorResponse"].items()
               if key != "additionalProperties"}
    schemas["FailedPlanningResult"]["allOf"][0] = wrapper
    # Views and 406 are documented with the bare error; every server and client wraps it.
    bare = {"$ref": "#/components/schemas/ErrorModel"}
    wrapped = {"$ref": "#/components/schemas/IcebergErrorResponse"}
    operations_ = [operation for item in document["paths"].values()
                   for key, operation in item.items() if key != "parameters"]
    responses = [response for operation in operations_
                 for response in operation["responses"].values()]
    for response in responses + list(document["components"]["responses"].values()):
        content = response.get("content", {}).get("application/json", {})
        if content.get("schema") == bare:
            content["schema"] = wrapped
    return document


class Document:
    """One OpenAPI document, and what it says of an operation."""

    def __init__(self, name, document, is_protocol):
        self.name = name
        self.document = document
        self.is_protocol = is_protocol
        self._validators = {}
        self._operations = {}
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    common = item.get("parameters", [])
                    row = (method.upper(), path, operation, common)
                    self._operations[operation["operationId"]] = row

    def rows(self):
        """{(operationId, METHOD, path)}"""
        return {(id_, method, path) for id_, (method, path, _, _) in self._operations.items()}

    def has(self, operation_id):
        return operation_id in self._operations

    def _resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target[part]
            node = target
        return node

    def _check(self, schema, value, what):
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {"components": self.document["components"], "allOf": [schema]}
            self._validators[key] = jsonschema.Draft202012Validator(whole)
        error = jsonschema.exceptions.best_match(self._validators[key].iter_errors(value))
        if error:
            where = "/".join(str(part) for part in error.absolute_path)
            raise ContractError(f"{self.name}: {what} at '{where}': {error.message[:600]}")

    def response(self, operation_id, status):
        """What is declared for a status: exactly, or by its class (5XX)."""
        responses = self._operations[operation_id][2]["responses"]
        declared = {str(key): value for key, value in responses.items()}
        for key in (str(status), f"{status // 100}XX"):
            if key in declared:
                return self._resolve(declared[key])
        if self.is_protocol and (status in STATUSES_LEFT_OUT
                                 or (operation_id, status) in ANSWERS_LEFT_OUT):
            return self._resolve({"$ref": "#/components/responses/IcebergErrorResponse"})
        raise ContractError(f"{self.name}: {operation_id} does not declare status {status}")

    def check_response(self, operation_id, answer, is_head):
        response = self.response(operation_id, answer.status)
        for name, header in response.get("headers", {}).items():
            header = self._resolve(header)
            value = answer.header(name)
            if value is None:
                if header.get("required"):
                    raise ContractError(f"{self.name}: {operation_id} {answer.status} lacks {name}")
                continue
            kind = header["schema"].get("type")
            self._check(header["schema"], int(value) if kind == "integer" else value, name)
        content = response.get("content")
        if answer.status == 414 and not content:
            return  # the error in its usual shape, or the page of libmicrohttpd
        if is_head or not content:
            if answer.body:
                raise ContractError(f"{self.name}: {operation_id} {answer.status} has a body")
            return
        kind = (answer.header("content-type") or "").split(";")[0]
        if kind not in content:
            raise ContractError(f"{self.name}: {operation_id} {answer.status} has type '{kind}'")
        value = answer.json() if kind.endswith("json") else answer.body.decode()
        self._check(content[kind]["schema"], value, f"answer of {operation_id} {answer.status}")

    def check_request(self, operation_id, request):
        """Only asked of requests that were accepted: those the document must allow."""
        operation, common = self._operations[operation_id][2:]
        parameters = [self._resolve(item) for item in common + operation.get("parameters", [])]
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        for parameter in parameters:
            self._check_parameter(parameter, query, request.headers, operation_id)
        unknown = set(query) - {item["name"] for item in parameters if item["in"] == "query"}
        if self.is_protocol:
            unknown -= QUERY_LEFT_OUT.get(operation_id, set())
        if unknown:
            raise ContractError(f"{self.name}: {operation_id} has no query {sorted(unknown)}")
        self._check_request_body(operation_id, operation, request)

    def _check_parameter(self, parameter, query, headers, operation_id):
        if parameter["in"] == "query":
            value = query.get(parameter["name"])
        elif parameter["in"] == "header":
            value = headers.get(parameter["name"].lower())
        else:
            return
        if value is None:
            return
        schema = self._resolve(parameter["schema"])
        kind = schema.get("type")
        if kind == "integer":
            value = int(value)
        elif kind == "boolean":
            value = {"true": True, "false": False}.get(value.lower(), value)
        elif kind == "array":
            value = value.split(",")
        self._check(parameter["schema"], value, f"{parameter['name']} of {operation_id}")

    def _check_request_body(self, operation_id, operation, request):
        body = operation.get("requestBody")
        if not body or not request.body:
            if body and body.get("required"):
                raise ContractError(f"{self.name}: {operation_id} was accepted without a body")
            return
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind not in body["content"]:
            raise ContractError(f"{self.name}: {operation_id} was accepted with type '{kind}'")
        if kind == "application/json":
            self._check(body["content"][kind]["schema"], json.loads(request.body),
                        f"request of {operation_id}")


def check_error_shape(answer):
    """Every error is {"error": {message, type, code}}, and its code is the status."""
    if (answer.header("content-type") or "").split(";")[0] != "application/json":
        raise ContractError(f"error {answer.status} is not JSON: {answer.body[:300]!r}")
    error = answer.json().get("error")
    if isinstance(error, str):  # OAuth's own shape
        return
    if set(error) != {"message", "type", "code"}:
        raise ContractError(f"error {answer.status} has members {sorted(error)}")
    if error["code"] != answer.status or not error["message"] or not error["type"]:
        raise ContractError(f"error of status {answer.status} is {error}")


class Contract:
    """Both documents, and which operations the run has reached."""

    def __init__(self):
        self.firn = Document("firn.yaml", _load(FIRN_YAML), False)
        path = protocol_path()
        self.protocol = None
        if path:
            raw = _load(path)
            self.raw_protocol = Document(path.name, copy.deepcopy(raw), True)
            self.protocol = Document(path.name, _correct_protocol(raw), True)
        self.reached = set()

    def check(self, request, answer, check_request=True):
        """An exchange as it went over the wire; raises ContractError."""
        is_head = request.method == "HEAD"
        if answer.status >= 400 and not is_head:
            check_error_shape(answer)
        operation = operations.match(request.method, request.path)
        if request.method == "OPTIONS" and answer.status == 204:
            return  # a browser's question, which is no operation
        if not operation:
            if answer.status not in (400, 403, 404, 405, 413, 414, 501):
                raise ContractError(f"{request.method} {request.path} is no operation, but was "
                                    f"answered {answer.status}")
            return
        self.reached.add(operation.id)
        for document in (self.firn, self.protocol):
            if not document or not document.has(operation.id):
                continue
            document.check_response(operation.id, answer, is_head)
            if check_request and answer.status < 300:
                document.check_request(operation.id, request)

    def missed(self):
        return sorted(set(operations.BY_ID) - self.reached)
