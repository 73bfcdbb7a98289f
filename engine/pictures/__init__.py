"""Pictures as files and as pixels: where they come from, and the one door to the decoders.

Nothing here knows of libraries.
"""
