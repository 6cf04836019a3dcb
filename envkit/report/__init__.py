"""One report, several forms: for people and for programs."""
