"""Changes: an object is inserted, edited or deleted by one statement, with its audit entries and events."""
