"""The workers: what runs jobs, and by domain the handlers of what is queued."""
