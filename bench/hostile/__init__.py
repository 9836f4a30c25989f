"""What hostile callers cost one process: ``make hostile`` prints measured figures beside their bounds."""
