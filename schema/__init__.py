"""The GraphQL surface: types, inputs, rules, named operations. A column is public when it is named here."""
