"""The page on which a person acknowledges. Opening it shows a button; only the button answers."""
