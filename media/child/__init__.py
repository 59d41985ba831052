"""What runs in the worker process alone: the only place where pictures and videos are decoded."""
