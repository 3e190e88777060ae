"""Templates that never bring a call, where empty segments are kept and where they are not."""

from deemster.policy.analysis import analyse
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from tests.support.policy_trees import a_service, loaded

OPERATIONS = """\
operations:
  - {id: all, match: {methods: [GET], paths: [/a/**, /b]}, allow: authenticated}
  - {id: most, match: {methods: [GET], paths: [/a, /a/, "/a/{x}", "/a/{x}/**"]}, allow: public}
"""


def shadowed(block: str = "") -> list[str]:
    tree = loaded({"a.yaml": a_service(OPERATIONS, block=block)})
    sink = DiagnosticSink()
    analyse(tree.tree, tree.resolved, sink)
    return [item.message for item in sink.finish() if item.code is Code.SHADOWED_PATH]


def test_a_rest_that_others_take_whole_is_never_chosen() -> None:
    [found] = shadowed()
    assert found.startswith("`/a/**` of `all` is never chosen")


def test_a_kept_empty_segment_is_left_to_the_rest() -> None:
    assert shadowed("paths: {emptySegments: keep}\n") == []
