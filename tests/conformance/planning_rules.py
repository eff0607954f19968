"""What is intended where plans differ: a rule for each row of docs/intended-differences.md.

A rule takes a finding (what, path, the library's, the server's), the request as it was sent, and
the library's verdict. Those of COUNTED are no findings: the library's verdict says how often the
matter came up.
"""

import re

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def predicates(node):
    """The leaves of a filter that have a term."""
    if isinstance(node, dict):
        if "term" in node:
            yield node
        for side in ("left", "right", "child"):
            yield from predicates(node.get(side))


def literals(request):
    for predicate in predicates(request.get("filter")):
        yield from predicate.get("values", [predicate["value"]] if "value" in predicate else [])


def is_refused_by_library(finding):
    what, _, library, server = finding
    return what == "verdict" and isinstance(library, dict) and server == 200


def is_more(finding):
    """The server names a file, or delete files, beside the library's."""
    what, _, library, server = finding
    return what == "file-more" or (what == "deletes" and set(library) < set(server))


def empty_range(finding, request, _):
    return is_refused_by_library(finding) and "start-snapshot-id" in request and \
        request["start-snapshot-id"] == request["end-snapshot-id"]


def transformed_term(finding, request, verdict):
    """The library refuses, takes the filter for proved or ruled out, or leaves files out, also such
    as have rows that the filter keeps. The server's residual is judged by the rows all the same."""
    if is_refused_by_library(finding):
        return "transform" in str(request.get("filter")) and \
            "Invalid value for conversion to type" in finding[2]["message"]
    is_residual = finding[0] == "rows" and finding[2].startswith("residual of ")
    return (is_more(finding) or is_residual) and verdict["transform-elsewhere"]


def prefix_of_null(finding, *_):
    return is_refused_by_library(finding) and finding[2]["type"] == "NullPointerException" and \
        re.search(r"ResidualEvaluator\$ResidualVisitor\.(notS|s)tartsWith", finding[2]["at"])


def partition_without_a_type(finding, *_):
    return is_refused_by_library(finding) and \
        finding[2]["message"] == "Type: unknown is not supported"


def nul_in_a_request(finding, request, _):
    return finding[0] == "verdict" and finding[2] == 200 and \
        any(isinstance(value, str) and "\0" in value for value in literals(request)) and \
        r"\u0000" in finding[3]["error"]["message"]


def compares_uuids(finding, verdict):
    """All delete files that the server names beside the library's compare a column of uuids."""
    _, _, library, server = finding
    return all(set(ids) & set(verdict["uuid-columns"])
               for _, _, ids in set(server) - set(library))


def order_of_uuids(finding, request, verdict):
    """More, or less where the library looks at a list's least and greatest uuid only."""
    if finding[0] == "deletes" and is_more(finding) and compares_uuids(finding, verdict):
        return True
    return (is_more(finding) or finding[0] == "file-missing") and \
        any(isinstance(value, str) and UUID.fullmatch(value) for value in literals(request))


def two_zeros(finding, request, _):
    """More; or a residual that leaves to the rows what the library takes a partition of the other
    zero for a proof of."""
    is_left = finding[0] == "rows" and finding[2].startswith("residual of ") and \
        ", the library's true, differ for " in finding[2]
    return (is_more(finding) or is_left) and any(isinstance(value, float) and value == 0
                                                 for value in literals(request))


def statistics_of_deletes(finding, *_):
    return finding[0] == "delete-statistics" and not finding[3]


RULES = {
    "empty-range": empty_range,
    "transformed-term-beside-another-partition": transformed_term,
    "prefix-of-a-null-partition": prefix_of_null,
    "partition-without-a-type": partition_without_a_type,
    "nul-in-a-request": nul_in_a_request,
    "order-of-uuids": order_of_uuids,
    "two-zeros": two_zeros,
    "no-statistics-of-delete-files": statistics_of_deletes,
}
COUNTED = {
    "start-snapshot-is-exclusive": "more-if-inclusive",
    "tuple-of-void-fields": "void-tuples",
}


def explain(finding, request, verdict):
    """The name of the rule that intends the difference, or None."""
    for name, rule in RULES.items():
        if rule(finding, request, verdict):
            return name
    return None
