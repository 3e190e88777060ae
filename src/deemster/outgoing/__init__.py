"""What all that ask others have in common: one question at a time, engines of databases."""
