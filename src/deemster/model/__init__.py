"""Nouns shared by all layers: frozen, slotted, standard library only."""
