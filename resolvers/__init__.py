"""Everything that reads or changes rows. One module for each domain; nobody else touches a table."""
