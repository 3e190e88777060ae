"""Conditions put to Google's CEL as well: what is drawn, how it is written, how it is compared."""
