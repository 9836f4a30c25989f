"""Tracing by OpenTelemetry. Nothing outside imports it but by its name, where the setting says that it is on."""
