"""The process: sockets, the two servers, signals, draining."""
