"""The audit log: its records, seals, proofs, erasure and export."""
