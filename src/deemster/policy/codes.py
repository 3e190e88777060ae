"""Stable codes of diagnostics: one closed list, shown in brackets after `error`.

Adding a code is a change that users see; renaming one breaks their suppressions.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Code"]


class Code(StrEnum):
    """Grouped by the stage that finds them."""

    # files
    FILE_NAME = "file-name"
    FILE_UNREADABLE = "file-unreadable"
    FILE_TOO_LARGE = "file-too-large"
    TREE_TOO_LARGE = "tree-too-large"
    SYMLINK_OUTSIDE = "symlink-outside"
    EMPTY_TREE = "empty-tree"
    # reader
    YAML_SYNTAX = "yaml-syntax"
    NOT_UTF8 = "not-utf8"
    DUPLICATE_KEY = "duplicate-key"
    YAML_FEATURE = "yaml-feature"
    SEVERAL_DOCUMENTS = "several-documents"
    TOO_DEEP = "too-deep"
    TOO_MANY_NODES = "too-many-nodes"
    CONTROL_CHARACTER = "control-character"
    # parser
    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    WRONG_TYPE = "wrong-type"
    BAD_VALUE = "bad-value"
    BAD_ID = "bad-id"
    DUPLICATE_ID = "duplicate-id"
    DUPLICATE_ITEM = "duplicate-item"
    EMPTY_LIST = "empty-list"
    UNSUPPORTED_YET = "unsupported-yet"
    UNQUOTED_EXPRESSION = "unquoted-expression"
    EXPRESSION_STYLE = "expression-style"
    TOO_MANY_ERRORS = "too-many-errors"
    BAD_SUPPRESSION = "bad-suppression"
    # How documents name each other
    IMPORT_NOT_FOUND = "import-not-found"
    IMPORT_OUTSIDE = "import-outside"
    IMPORT_CYCLE = "import-cycle"
    IMPORT_KIND = "import-kind"
    REDECLARED = "redeclared"
    # expressions
    EXPRESSION_SYNTAX = "expression-syntax"
    EXPRESSION_TOO_LONG = "expression-too-long"
    EXPRESSION_TOO_DEEP = "expression-too-deep"
    UNKNOWN_NAME = "unknown-name"
    NAME_ELSEWHERE = "name-elsewhere"
    TYPE_MISMATCH = "type-mismatch"
    NOT_A_CONDITION = "not-a-condition"
    BAD_LITERAL = "bad-literal"
    UNSUPPORTED = "unsupported"
    NOT_IN_ENUM = "not-in-enum"
    CONDITION_CYCLE = "condition-cycle"
    ATTRIBUTE_CYCLE = "attribute-cycle"
    BAD_JSONPATH = "bad-jsonpath"
    # meaning
    UNKNOWN_SCOPE_LINE = "unknown-allow-line"
    BASIC_RULE_EXTERNAL = "basic-rule-on-external"
    USER_EXTERNAL = "user-on-external"
    AUDIENCE_EXTERNAL = "audience-on-external"
    AUDIENCE_MISSING = "audience-missing"
    IDENTITY_ON_PUBLIC = "identity-on-public"
    GUARD_EXEMPT = "guard-exempt"
    UNKNOWN_PERMISSION = "unknown-permission"
    UNKNOWN_APPLICATION = "unknown-application"
    UNKNOWN_PROVIDER = "unknown-provider"
    UNKNOWN_SOURCE = "unknown-source"
    UNKNOWN_OPERATION = "unknown-operation"
    NOT_FOR_AUTHZEN = "not-for-authzen"
    ACCESS_TWICE = "authzen-pair-twice"
    NO_GRANT = "no-grant"
    FAIL_OPEN_COMBINING = "fail-open-combining"
    # routing
    BASE_URL = "bad-base-url"
    BASE_URL_TWICE = "base-url-twice"
    BAD_TEMPLATE = "bad-template"
    BAD_PATTERN = "bad-pattern"
    OVERLAP = "overlapping-templates"
    SHADOWED = "shadowed-operation"
    METHOD_LEAK = "broad-method-grant"
    UNREACHABLE = "unreachable-operation"
    # warnings
    OPTIONAL_UNGUARDED = "optional-unguarded"
    DEFAULT_UNDER_DENY = "default-under-deny"
    DISABLED_GUARD = "disabled-guard"
    UNANCHORED_PATTERN = "unanchored-pattern"
    GUARD_REFUSES_NOTHING = "guard-refuses-nothing"
    UNUSED_IMPORT = "unused-import"
    UNUSED_POLICY = "unused-policy"
    UNMATCHED_GUARDS = "unmatched-guards"
    AMBIGUOUS_ROLE = "ambiguous-role"
    METHOD_HINT = "method-hint"
    # found by the analyses of `check` alone
    STALE_SUPPRESSION = "stale-suppression"
    NEVER_TRUE = "never-true"
    ALWAYS_TRUE = "always-true"
    NEVER_PERMITS = "never-permits"
    UNREACHABLE_RULE = "unreachable-rule"
    NO_CONSEQUENCE = "no-consequence"
    DUPLICATE_RULE = "duplicate-rule"
    SHADOWED_PATH = "shadowed-path"
    SPECIFICITY_HOLE = "specificity-hole"
    UNUSED_NAME = "unused-name"
    LIKELY_TYPO = "likely-typo"
    UNTESTED_SERVICE = "untested-service"
    UNTESTED_OPERATION = "untested-operation"
    # Settings and policy tests share the machinery
    SETTING = "setting"
    TEST_SUITE = "test-suite"
