"""The same policies asked of Cedar: a second opinion that nobody here has written.

`drawing` draws trees and calls of what the two languages have in common; `language` and
`requests` write both in Cedar; `comparison` asks both, and says what one answer says of the other
(docs/policy/cedar.md). The tree and the real decision point are those of `tests.reference`.
"""
