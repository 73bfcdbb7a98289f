"""How well it works: copies of a library's own pictures are looked for, and scores are fitted to what was found.

Nothing here is needed to search.
"""
