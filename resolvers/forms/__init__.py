"""Forms: their fields and the JSON Schema of them, what a submission holds, and how the public submits one."""
