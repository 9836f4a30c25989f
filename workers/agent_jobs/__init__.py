"""Agent jobs: their handler. What needs the library of models is imported by name, when a job needs it."""
