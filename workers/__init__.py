"""What runs beside arq: the runner and its sweep, and one handler for each kind of job."""
