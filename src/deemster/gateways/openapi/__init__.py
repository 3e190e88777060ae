"""What gateways may send to the decisions listener and what they get, as OpenAPI 3.1."""
