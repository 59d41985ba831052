"""A local Discord and a local NeuralBox: the two outside services on this machine, over real sockets."""
