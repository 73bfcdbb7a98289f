"""Whether two pictures are the same: what came up for a query, what proves it, in which order it is shown, and why.

Nothing here stores or serves.
"""
