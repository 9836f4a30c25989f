"""How fast the API answers, measured from outside: ``python -m bench``."""
