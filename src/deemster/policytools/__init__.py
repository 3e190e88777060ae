"""Tools over the text of policies: JSON Schemas, the language reference, a canonical layout."""
