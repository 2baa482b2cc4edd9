"""Tests of the file server and of files on the local disk."""
