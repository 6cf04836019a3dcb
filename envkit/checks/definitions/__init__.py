"""The rows of the table of checks, by topic. Data alone: `envkit.checks.table` puts them together."""
