"""Invoices: their arithmetic, their numbers, their changes, and their document."""
