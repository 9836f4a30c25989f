"""HTTP around the application: connections and their bounds, request IDs, compression, CORS."""
