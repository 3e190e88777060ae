"""Policy tests: suites that authors write, asked of the same `decide()` as the service."""
