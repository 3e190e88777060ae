"""`deemster log`: the decision log, asked."""
