"""Documents: parsed within limits, validated, and analyzed for what they cost."""
