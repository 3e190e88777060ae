"""Deemster: a policy decision point for API gateways.

The package is used through the ``deemster`` command; importing it makes nothing happen.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
