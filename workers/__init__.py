"""The workers: the runner of jobs, the sweep that finds them, the wake-up by arq, and a handler for each type of
job."""
