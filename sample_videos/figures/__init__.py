"""People as three-dimensional figures: skeleton, poses, bodies, clothes. Where a head is needs numpy only."""
