"""Indexes behind one async protocol: caches of what storage holds.

The exact ones are the oracles of the others; nothing here decides what a match is.
"""
