"""Where a running service's policies come from: a tree or bundles, what is kept, how old it is."""
