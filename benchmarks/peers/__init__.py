"""What Deemster stands beside: each is told the same task in its own words."""
