"""Tools: the named operations that agents may run."""
