"""What hostile receivers and kills do to deliveries."""
