"""What a naive server gets wrong: one test for each line of the list in the protocol's notes."""
