"""Typer options -> one command -> print its report -> exit code. The only place that prints or exits."""
