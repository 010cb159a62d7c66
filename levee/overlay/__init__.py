"""What a camera sees of its zones, drawn on the picture so that an officer understands it without a legend."""
