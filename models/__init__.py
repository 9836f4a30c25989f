"""The tables, their annotated types, and the transitions of their statuses. Imports nothing of ours."""
