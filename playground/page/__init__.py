"""The page of the playground: a Discord channel in the browser, on the local Discord's own origin.

`routes.py` describes the play API it speaks; `static/` holds the page itself, without a build step.
"""

from playground.page.routes import routes

__all__ = ["routes"]
