"""Rules that follow from the declarations: scopes, costs, and how each field is read."""
