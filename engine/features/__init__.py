"""Features of a picture, computed and compared; networks as data.

Nothing here waits, stores or knows of a library.
"""
