"""Output of commands: reports, messages and progress."""
