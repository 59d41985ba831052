"""A local NeuralBox: the documented HTTP API, with real clips and scripted faults."""

from playground.neuralbox.faults import Fault
from playground.neuralbox.profile import Dialect, Profile
from playground.neuralbox.server import LocalNeuralBox

__all__ = ["Dialect", "Fault", "LocalNeuralBox", "Profile"]
