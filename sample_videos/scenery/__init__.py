"""What does not move: ground, stairs, buildings, street furniture, light."""
