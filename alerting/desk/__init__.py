"""The duty desk: plans, linkage, occasions, drills, roll-calls, hazards, CAP, and the figures. What decides is pure."""
