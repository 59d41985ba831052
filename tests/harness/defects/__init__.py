"""Defects sown into the real code, one line each, that the crash harness has to catch."""
