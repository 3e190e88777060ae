"""The policy decision point proper."""
