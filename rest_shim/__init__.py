"""The REST half: each documented route is the matching half of a named operation. Reads no table, knows no rule."""
