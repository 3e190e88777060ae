"""Regular expressions of the policy tree: RE2, compiled at load, bounded in memory and in time.

compiling.compile_pattern    text ► Pattern, or MalformedPatternError
problems                     RE2's refusals in people's words, and their place in the pattern
anchors.anchoring_of         which ends of a text a pattern holds
pieces                       what both read a pattern with
"""
