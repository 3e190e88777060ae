"""Text ► positioned nodes, within limits: the YAML profile."""
