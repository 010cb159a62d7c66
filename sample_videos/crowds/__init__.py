"""Where people are and want to be: simulated and placed crowds, in metres."""
