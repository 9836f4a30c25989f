"""Trusted documents: added with the versions of apps from the command line, found by their IDs."""
