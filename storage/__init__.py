"""All SQL: one database thread that writes, readers beside it, and a module per group of tables."""
