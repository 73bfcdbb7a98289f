"""What a library keeps: tables, every query, originals and thumbnails. The truth; every index is a cache of it.

Nothing here computes a feature.
"""
