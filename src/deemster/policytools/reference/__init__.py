"""The language reference: a page of Markdown made of the loader's own model."""
