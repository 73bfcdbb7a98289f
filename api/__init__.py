"""The REST API and the page: a door to the engine over HTTP.

Imports the engine's public names only, and never the bot.
"""
