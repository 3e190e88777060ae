"""A canonical layout of the original text of a policy file, with its comments."""
