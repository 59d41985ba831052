"""The crash harness: the real bot, killed at every boundary, and the books compared afterwards.

The bot runs in a child that a warmed process forks, against a local Discord and a local NeuralBox
over real sockets. All of them share one clock that stands still while anybody works and jumps to
the next thing due when nobody does, so that hours of outages cost milliseconds. See `__main__`.
"""
