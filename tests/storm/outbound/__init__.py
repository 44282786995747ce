"""The storm's second part: thousands of local changes reach the org exactly once and in order, under fire."""
