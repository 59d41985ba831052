"""A local Discord and a local NeuralBox: both outside services, on this machine."""
