"""Notices that go out: by which channels, to whom, when, in which words, and that each goes once."""
