"""A second, naive policy decision point, obviously right, and what compares the two.

`shape` and `declared` are a policy tree and a call as plain data; `outcomes`, `names`,
`conditions`, `attributes` (with `bodies` and `jsonpaths`), `allow`, `routing`, `statements` (with
`payloads`), `verdict` and `evaluator` judge them by the language page, each section written out
again and none of it shared with `deemster.policy`; `emission` and `notation` write the same tree
as YAML for the real pipeline; `trees`, `policies`, `expressions`, `templates`, `calls`, `worlds`
and the two `…_drawn` draw random ones; `stories` tells the page's own examples; `real` is the
only file that knows the real decision point; `harness` compares and `shrinking` makes what was
found small.
"""
