"""Everything a user reads: cards, errors, and the announcer that brings them."""
