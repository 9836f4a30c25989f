"""The charts of reports. Only what draws one imports this package: the library behind it is large."""
