"""The audit log: the handlers that seal it and write its exports."""
