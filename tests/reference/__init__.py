"""A second, naive policy decision point, obviously right, and what compares the two.

`shape` is a policy tree and a call as plain data; `outcomes`, `conditions`, `routing` and
`evaluator` judge them by the language page, each section written out again and none of it shared
with `deemster.policy`; `emission` writes the same tree as YAML for the real pipeline; `trees`,
`expressions`, `calls` draw random ones; `real` is the only file that knows the real decision
point; `harness` compares and `shrinking` makes what was found small.
"""
