"""`make storm`: inbound synchronisation converges, whatever happens on the way."""
