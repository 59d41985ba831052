"""What Reelbox is made of: the locked packages, what is known about them, and a release of it all.

Used by `make audit` and `make release`; no part of the bot.
"""
