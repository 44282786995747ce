"""`make storm`: both sides end equal, whatever happens: changes in the org (inbound), then here (outbound)."""
