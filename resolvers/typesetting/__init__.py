"""Typesetting: pages made of data by Typst, in a process of its own."""
