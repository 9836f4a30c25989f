"""Agents: the handler of their jobs. What needs the library of models is imported by name, when a job needs it."""
