"""Which parts of a policy tree its suites have tried, and which way each came out."""
