"""Records of the decision log, decided again under another tree."""
