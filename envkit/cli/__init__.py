"""Parse options, run one command, print its report and exit. Only this package prints or exits."""
