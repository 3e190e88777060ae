"""Verified claims ► UserContext (a policy information point), for internal providers only."""
