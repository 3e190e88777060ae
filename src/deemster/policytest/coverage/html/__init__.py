"""Coverage as one page: the policy source, coloured, with nothing to fetch from anywhere."""

from deemster.policytest.coverage.html.page import html_report

__all__ = ["html_report"]
