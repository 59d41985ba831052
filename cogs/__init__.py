"""One visible feature each: parse, ask the service, render."""
