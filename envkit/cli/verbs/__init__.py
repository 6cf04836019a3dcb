"""Options of each verb, and which command they go to."""
