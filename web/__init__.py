"""What both APIs need of HTTP: requests and replies, bodies, deadlines, problems, conditions, who pays."""
