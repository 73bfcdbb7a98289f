"""The Telegram bot: a photo in, the five best matches out.

Everything about pictures is asked of the engine by its public names; nothing here computes or compares them.
"""
