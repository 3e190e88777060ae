"""Policy bundles: one signed file that holds a policy tree, for one environment, in sequence."""
