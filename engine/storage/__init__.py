"""What a library keeps: rows by subject, originals and thumbnails. The truth; every index is a cache of it.

Nothing here computes a feature.
"""
