"""Every endpoint of the protocol, driven by the list of its fields in ``protocol.json``."""
