"""The worst hour: more calls than can be answered, clients that dawdle, keys that nobody has."""
