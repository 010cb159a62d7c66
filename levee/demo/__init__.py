"""Everything at once on one machine: broker, box, service and a view of them, from three filmed scenes."""
