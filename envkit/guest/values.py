"""Values that a caller sets for one run of a program; arguments and variables could be read by other users."""

SECRET = ""
