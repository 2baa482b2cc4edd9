"""Tests of the kernel with plugins made on the spot."""
