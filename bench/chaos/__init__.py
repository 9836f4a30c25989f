"""What kills and hostile servers do to writes, jobs and deliveries."""
