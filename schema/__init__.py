"""The GraphQL surface: types, inputs, rules, named operations. A column is public when it is named here.

The types of domains refer to each other, as an order to its client and a client to its orders: by Strawberry's lazy
types, whose modules are imported for type checkers alone. That is the one circle of modules, and no import at run time.
"""
