"""What becomes of a request: its document is checked, its variables read, its operation run."""
