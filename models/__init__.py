"""Tables, the words they are made of, and the moves they allow. Imports nothing of ours."""
