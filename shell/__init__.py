"""The `pictrace` command: the door for people at a terminal and for scripts, over the engine's public names.

What it shows is made here; what it says of pictures is decided in the engine.
"""
