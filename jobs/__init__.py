"""The life of a job: plain asyncio, no Discord in sight, no SQL text."""
