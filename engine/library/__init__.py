"""One open library: searching it, adding to it, its near-duplicates, what it waits for, and looking after it.

Nothing here knows how a picture is decoded, or how two are compared.
"""
