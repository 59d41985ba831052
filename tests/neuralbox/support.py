"""What the tests of this room share."""

from hypothesis import HealthCheck, settings

from neuralbox import Created, CreateRequest, NeuralBox

BOAT = CreateRequest("kling-v2.1", "a paper boat in the rain", 5, "16:9")

# A loaded machine is slow now and then; what these tests ask is never "how fast".
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def created(client: NeuralBox, request: CreateRequest = BOAT) -> str:
    """Make a generation and return its id."""
    outcome = await client.create(request)
    assert isinstance(outcome, Created)
    return outcome.generation.id
