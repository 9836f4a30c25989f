"""Tools for development: embedded servers, their supervisor, and a demo organization."""
