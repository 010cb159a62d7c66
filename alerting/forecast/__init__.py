"""What a place's own past says of the hours ahead; it stays outside the judgement, which is told of it by an event."""
