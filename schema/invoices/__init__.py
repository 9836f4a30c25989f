"""Invoices in the graph."""
