"""How the graph is declared: types, inputs, fields and mutations."""
