"""Changes: one object is inserted, edited or deleted, with its audit record and events, by one statement."""
