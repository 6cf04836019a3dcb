"""Formats of a report: text, JSON, JUnit XML and HTML."""
