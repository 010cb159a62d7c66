"""`levee calibrate`: an installer puts a camera's picture on the ground, draws zones and gates, and saves the files."""
