"""The three contracts of storage: metadata, events and files."""
