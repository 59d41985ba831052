"""The client of NeuralBox, held against the local NeuralBox over real sockets."""
