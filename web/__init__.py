"""What both APIs need of HTTP: requests and replies, bodies, deadlines, problem details, ETags, and the
dependencies."""
