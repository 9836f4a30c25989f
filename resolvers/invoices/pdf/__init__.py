"""An invoice as a PDF: what is on it, in which words, and how it looks."""
