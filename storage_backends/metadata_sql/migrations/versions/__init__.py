"""One file per revision; never change one that was released."""
