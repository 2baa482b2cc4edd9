"""Tests in Chromium: what a person does, checked on the page and through the API."""
