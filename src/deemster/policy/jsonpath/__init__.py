"""JSONPath (RFC 9535) without filters and functions: text ► path ► places in a document."""

from deemster.policy.jsonpath.evaluation import (
    MOST_VISITED,
    JsonPathLimitError,
    Location,
    find,
    locate,
    normalised,
)
from deemster.policy.jsonpath.parser import JsonPathSyntaxError, parse_json_path
from deemster.policy.jsonpath.path import JsonPath

__all__ = [
    "MOST_VISITED",
    "JsonPath",
    "JsonPathLimitError",
    "JsonPathSyntaxError",
    "Location",
    "find",
    "locate",
    "normalised",
    "parse_json_path",
]
