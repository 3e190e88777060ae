"""PEP protocols. Adapters are pure codecs: no framework, no awaiting, no policy."""
