"""Real gateways on the configurations of examples/gateways, asking a real `deemster serve`."""
